// The blind test (ABX) of a player: X is A or B, drawn anew for every trial, and its picture is covered.
const MOST_DB = 30; // by which a clip is lowered to match another

// One-sided binomial test, exactly: the chance of k or more right among n by guessing.
const pValue = (k, n) => {
  let term = 0.5 ** n, sum = 0; // C(n, n) / 2^n
  for (let i = n; i >= k; i--) {
    sum += term;
    term *= i / (n - i + 1);
  }
  return sum;
};

// The fewest right answers among n that guessing reaches with less than 1 in 20.
const needed = (n) => {
  let k = n;
  while (pValue(k - 1, n) < 0.05) k--;
  return k;
};

// How the louder of two clips is lowered, and that in words. Levels are root mean squares in dB, null for silence.
const matched = (pair, levels) => {
  const silent = pair.filter((_, slot) => levels[slot] === null).map((i) => "AB"[pair.indexOf(i)]);
  if (silent.length) {
    return [null, `${silent.join(" and ")} ${silent[1] ? "are" : "is"} silent, so the two cannot be made equally loud; they are heard as they are.`];
  }
  const gap = Math.abs(levels[0] - levels[1]), louder = levels[0] > levels[1] ? 0 : 1;
  if (gap > MOST_DB) {
    return [null, `A and B are ${gap.toFixed(0)} dB apart: too far to be made equally loud. They are heard as they are.`];
  }
  return [new Map([[pair[louder], 10 ** (-gap / 20)]]), gap < 0.05 ? "The two are equally loud."
    : `${"AB"[louder]} is lowered by ${gap.toFixed(1)} dB in this test, so that the two are equally loud.`];
};

const blindTest = (player) => {
  const { clips } = player, pair = [0, 1];
  let x, trim;
  player.score = { right: 0, trials: 0, planned: 16, p: null };
  const { score } = player;
  const draw = () => { x = pair[crypto.getRandomValues(new Uint8Array(1))[0] & 1]; };
  const hear = (which) => {
    player.select(which === "X" ? x : pair["AB".indexOf(which)], { masked: which === "X", trim });
    if (!player.playing) player.play();
  };
  const button = (text, click) => h("button", { type: "button", click }, text);
  const listen = ["A", "B", "X"].map((which) => button(`Hear ${which}`, () => hear(which)));
  const answers = ["A", "B"].map((which) => button(`X is ${which}`, () => answer(which)));
  const again = button("Start again", () => reset());
  const verdict = h("p", { class: "verdict", role: "status" });
  const loudness = h("p", { class: "loudness" });
  const planned = h("select", { change: () => reset() }, ...[10, 16, 20, 30].map((n) =>
    h("option", { value: n, selected: n === score.planned && "" }, `${n} (${needed(n)} right: p < 0.05)`)));

  const tell = (text) => {
    verdict.textContent = text;
    const begun = score.trials > 0, done = score.p !== null;
    again.hidden = !begun;
    planned.disabled = begun; // decided beforehand, and not while it looks good
    for (const each of [...answers, listen[2]]) each.disabled = done;
  };
  const answer = (which) => {
    const right = pair["AB".indexOf(which)] === x, truth = "AB"[pair.indexOf(x)];
    score.trials++;
    score.right += right;
    if (score.trials === score.planned) score.p = pValue(score.right, score.trials);
    // Were X to go on sounding while it is drawn anew, a change would give it away.
    if (player.masked) player.select(x, { trim });
    draw();
    const { right: k, trials: n, p } = score;
    tell(`${right ? "Yes" : "No"}, X was ${truth}. ` + (p === null ? `${n} of ${score.planned} trials are done.`
      : `${k} of ${n} right; guessing does as well or better with probability p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}.`));
  };
  const reset = () => {
    Object.assign(score, { right: 0, trials: 0, planned: Number(planned.value), p: null });
    if (player.masked || player.trim) player.select(pair[0]);
    draw();
    [trim, loudness.textContent] = matched(pair, pair.map((i) => clips[i].rms));
    tell("");
  };
  const choose = (slot) => h("label", {}, `${"AB"[slot]} is `, h("select", {
    change: (event) => {
      const other = 1 - slot, chosen = Number(event.target.value);
      if (chosen === pair[other]) { // the two must differ: they change places
        pair[other] = pair[slot];
        menus[other].lastChild.value = pair[other];
      }
      pair[slot] = chosen;
      reset();
    },
  }, ...clips.map((clip, i) => h("option", { value: i, selected: i === pair[slot] && "" }, clip.name))));
  const menus = [choose(0), choose(1)];
  reset();
  player.showBlind = () => listen.forEach((each, i) =>
    each.setAttribute("aria-pressed", i === 2 ? player.masked : !player.masked && player.current === pair[i]));
  return h("details", {}, h("summary", {}, "Test yourself, blind"),
    h("p", {}, "X is A or B, by the toss of a coin, and hidden. Listen to the three as often as you like, then answer. " +
      "Decide on the number of trials first: the test ends by itself, and only then says how well you did."),
    h("div", { class: "row" }, ...menus, h("label", {}, "Trials: ", planned)),
    loudness,
    h("div", { class: "row" }, h("div", { class: "row" }, ...listen), h("div", { class: "row" }, ...answers)),
    h("div", { class: "row" }, verdict, again));
};
