// The blind test (ABX) of a player: X is A or B, drawn again for every trial, and its picture is covered.
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

// By how much the louder of two clips is lowered, also in words. Levels are root mean squares in dB, null for silence.
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

const named = (list) => list.join(", ").replace(/, (?=[^,]*$)/, " and ");

const blindTest = (player) => {
  const { clips } = player, pair = [0, 1], names = ["A", "B", "X"];
  let x, trim, wrong;
  const heard = new Set(); // in this trial
  player.score = { right: 0, trials: 0, planned: 16, p: null };
  const { score } = player;
  const draw = () => {
    x = pair[crypto.getRandomValues(new Uint8Array(1))[0] & 1];
    heard.clear();
  };
  const missing = () => names.filter((which) => !heard.has(which));
  const hear = async (which) => {
    const masked = which === "X", clip = masked ? x : pair[names.indexOf(which)];
    player.select(clip, { masked, trim });
    if (!player.playing) await player.play();
    // Only a clip that sounds counts: while it was loading, another one may have been chosen.
    if (!player.playing || player.masked !== masked || player.current !== clip) return;
    heard.add(which);
    tell();
  };
  const button = (text, click) => h("button", { type: "button", click }, text);
  const listen = names.map((which) => button(`Hear ${which}`, () => hear(which)));
  const answers = ["A", "B"].map((which) => button(`X is ${which}`, () => answer(which)));
  const again = button("Start again", () => reset());
  const end = button("End and score", () => finish());
  const verdict = h("p", { class: "verdict", role: "status" });
  const loudness = h("p", { class: "loudness" });
  const planned = h("select", { change: () => reset() }, ...[10, 16, 20, 30].map((n) =>
    h("option", { value: n, selected: n === score.planned && "" }, `${n} (${needed(n)} right: p < 0.05)`)));

  const result = () => {
    const { right, trials, planned: plan, p } = score;
    return `${right} of ${trials} right${trials < plan ? ` (ended before the ${plan} planned)` : ""}; guessing does as well or better ` +
      `with probability p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}.` +
      (wrong.length ? ` Wrong: trial${wrong.length > 1 ? "s" : ""} ${named(wrong)}.` : "");
  };
  const tell = () => {
    const { trials, p, planned: plan } = score, begun = trials > 0, done = p !== null, still = missing();
    verdict.textContent = done ? result() : `Trial ${trials + 1} of ${plan}. ` +
      (still.length === 3 ? "Hear A, B and X, then answer." : still.length ? `Still to hear: ${named(still)}.` : "Answer, or go on listening.");
    again.hidden = !begun;
    end.hidden = !begun || done;
    planned.disabled = begun; // decided beforehand
    // Not disabled, only marked as disabled: they keep the focus, and say why when they are pressed.
    for (const each of answers) each.setAttribute("aria-disabled", done || still.length > 0);
    listen[2].disabled = done;
  };
  const answer = (which) => {
    if (score.p !== null) return;
    const still = missing();
    if (still.length) {
      verdict.textContent = `Not yet: hear ${named(still)} first. This is trial ${score.trials + 1} of ${score.planned}.`;
      return;
    }
    const right = pair[names.indexOf(which)] === x;
    score.trials++;
    score.right += right;
    if (!right) wrong.push(score.trials);
    // In silence: if anything continued to sound, a change could show what X was.
    hide();
    draw();
    if (score.trials === score.planned) finish(); else tell();
  };
  const hide = () => {
    player.pause();
    if (player.masked || player.trim) player.select(pair[0]);
  };
  // A listener who ends early has not seen any result, so the end does not depend on the score.
  const finish = () => {
    score.p = pValue(score.right, score.trials);
    hide();
    tell();
  };
  const reset = () => {
    Object.assign(score, { right: 0, trials: 0, planned: Number(planned.value), p: null });
    wrong = [];
    if (player.masked || player.trim) player.select(pair[0]);
    draw();
    [trim, loudness.textContent] = matched(pair, pair.map((i) => clips[i].rms));
    tell();
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
    h("p", {}, "X is A or B, by the toss of a coin for every trial, and hidden. In each trial hear A, B and X at least once, then answer. " +
      "Whether you were right is told for all trials together, at the end: being told after each would teach you what to listen for. " +
      "Decide on the number of trials first; tests repeated until one pleases make p meaningless."),
    h("div", { class: "row" }, ...menus, h("label", {}, "Trials: ", planned)),
    loudness,
    h("div", { class: "row" }, h("div", { class: "row" }, ...listen), h("div", { class: "row" }, ...answers)),
    h("div", { class: "row" }, verdict, end, again));
};
