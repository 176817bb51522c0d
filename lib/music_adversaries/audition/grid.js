// <music-audition-grid>: a table of changed recordings above one player: a row for each original, a column for each label.
// A row has its original's sound, a cell only its difference; a sound is decoded when a cell needs it.
// If there are several versions of the table, buttons above it switch the cells of all rows.
const STEPS = 32768; // of 16 bits, from 0 to full scale

// Steps of a decoded sample. Some browsers divide positive samples by 32767; these are not multiples of 1 / 32768.
const stepsOf = (sample) => {
  const steps = sample * STEPS;
  return Number.isInteger(steps) ? Math.min(steps, STEPS - 1) : Math.round(sample * (STEPS - 1));
};

class Grid extends Audition {
  build() {
    super.build();
    if (this.hint) this.mask.before(this.hint);
  }

  head() {
    const { columns, rows, legend, title, versions = [] } = this.data;
    for (const row of rows) row.cells ??= row.versions[0];
    Object.assign(this, { version: 0, row: 0, column: null, clips: this.clipsOf(0, null) });
    this.cells = rows.map((row, r) => [
      this.cell(r, null, { text: row.name, spoken: `${row.name}, the original${row.label ? `: ${row.label}` : ""}` }),
      ...row.cells.map((cell, c) => this.cell(r, c, cell)),
    ]);
    this.cells[0][0].tabIndex = 0;
    this.chosen = h("p", { class: "chosen" });
    this.hint = h("p", { class: "hint" }, "Press a cell to hear it and to see its spectrogram here.");
    this.switches = versions.map((name, i) =>
      h("button", { type: "button", "aria-pressed": i === 0 ? "true" : "false", click: () => this.turnTo(i) }, name));
    return h("div", { class: "grid" },
      versions.length && h("div", { class: "versions", role: "group", "aria-label": "Versions of the table" }, ...this.switches),
      h("div", { class: "scroll" },
        h("table", { role: "grid", "aria-label": title || "Adversaries", keydown: (e) => this.move(e) },
          h("thead", {}, h("tr", {}, ...["original", ...columns].map((name) => h("th", { scope: "col" }, name)))),
          h("tbody", {}, ...this.cells.map((cells) => h("tr", {}, ...cells.map((cell, i) =>
            i ? h("td", {}, cell) : h("th", { scope: "row" }, cell))))))),
      h("p", { class: "note" }, legend, " In the table, arrow keys move."),
      this.chosen);
  }

  cell(row, column, content) {
    const button = h("button", {
      type: "button", tabindex: -1, class: "cell", click: () => this.press(row, column), focus: (e) => this.rove(e.target),
    });
    return this.fill(button, content);
  }

  fill(button, { text, spoken, failed = false, shade = 0 }) {
    button.classList.toggle("failed", failed);
    button.setAttribute("aria-label", spoken);
    button.title = spoken;
    button.style.setProperty("--shade", `${shade}%`);
    button.replaceChildren(...(failed ? [h("span", {}, "✗ ")] : []), text);
    return button;
  }

  // Another version of the table. The sound changes to the same cell there, and the playhead stays.
  turnTo(version) {
    if (version === this.version) return;
    const { rows } = this.data, { row, column, current } = this;
    this.version = version;
    rows.forEach((each, r) => {
      each.cells = each.versions[version];
      each.cells.forEach((cell, c) => this.fill(this.cells[r][c + 1], cell));
    });
    this.switches.forEach((button, i) => button.setAttribute("aria-pressed", i === version));
    this.clips = this.clipsOf(row, column);
    super.select(current);
    if (this.playing) return this.whenReady((buffers) => this.exchange(buffers));
    if (this.playButton.hasAttribute("aria-busy")) return this.play(); // what was pressed is on its way
  }

  // Tab reaches one cell of the table, and arrows reach the others from it.
  rove(cell) {
    for (const each of this.cells.flat()) each.tabIndex = each === cell ? 0 : -1;
  }

  move(event) {
    const { key, target } = event, rows = this.cells, last = rows[0].length - 1;
    const r = rows.findIndex((row) => row.includes(target)), c = rows[r]?.indexOf(target);
    const places = {
      ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c], Home: [r, 0], End: [r, last],
    };
    if (r < 0 || !(key in places) || event.ctrlKey || event.metaKey || event.altKey) return;
    const [toRow, toColumn] = places[key];
    rows[toRow]?.[toColumn]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  picture() {
    const { width, height } = this.data.shape;
    return h("canvas", { role: "img", width, height });
  }

  get state() {
    const { row, column, version } = this;
    const sounds = this.data.rows.flatMap((each) => [each, ...(each.versions ?? [each.cells]).flat()]);
    return { ...super.state, row, column, version, loaded: sounds.filter((sound) => sound.steps).length };
  }

  // The clips of a row and of a cell in it: the original and, with a cell, the adversary and the difference.
  clipsOf(row, column) {
    const original = this.data.rows[row], cell = original.cells[column], [first, ...others] = this.data.clips;
    // The difference is stored modulo 2^16, so that it always fits 16 bits, and the sum is exact.
    const sum = (x, d) => ((x + d) << 16) >> 16, gain = 10 ** ((cell?.gain ?? 0) / 20);
    original.clip ??= { ...first, label: original.label, row: original, samples: (x) => x };
    if (cell) {
      const { label, detail, amplified } = cell;
      cell.clips ??= [
        { ...others[0], label, detail, row: original, cell, samples: (x, d) => x.map((step, i) => sum(step, d[i])) },
        { ...others[1], detail: amplified, row: original, cell, samples: (x, d) => Float32Array.from(x, (step, i) => (sum(step, d[i]) - step) * gain) },
      ];
    }
    return [original.clip, ...(cell?.clips ?? [])];
  }

  // A sound in steps of 16 bits.
  steps(sound) {
    sound.steps ??= bytes(sound.audio).then((content) => this.context.decodeAudioData(content))
      .then((buffer) => Int32Array.from(buffer.getChannelData(0), stepsOf));
    sound.steps.catch(() => { sound.steps = null; });
    return sound.steps;
  }

  decode(clip) {
    clip.buffer ??= (async () => {
      const original = await this.steps(clip.row);
      const change = clip.cell?.audio ? await this.steps(clip.cell) : new Int32Array(original.length);
      const buffer = this.context.createBuffer(1, original.length, this.data.rate);
      buffer.copyToChannel(Float32Array.from(clip.samples(original, change), (step) => step / STEPS), 0);
      return buffer;
    })();
    clip.buffer.catch(() => { clip.buffer = null; });
    return clip.buffer;
  }

  async prepare() {
    const buffers = await super.prepare();
    setTimeout(() => this.draw()); // the sound first
    return buffers;
  }

  // A cell plays its adversary, the name of a row its original; pressing what sounds again pauses it.
  press(row, column) {
    const part = column === null ? 0 : 1, kept = row === this.row ? this.column : null;
    const clips = this.clipsOf(row, column ?? kept);
    if (this.playing && clips[part] === this.clips[this.current]) return this.pause();
    if (row !== this.row && !this.playing) this.at = 0;
    Object.assign(this, { row, column: column ?? kept, clips });
    super.select(part);
    return this.playing ? this.whenReady((buffers) => this.exchange(buffers)) : this.play();
  }

  // The old clip sounds until the new one is there. Within a row the playhead stays; another recording starts at 0.
  exchange(buffers) {
    if (buffers[0] !== this.buffers[0]) {
      this.stop();
      this.at = 0;
      return this.start(buffers);
    }
    const before = this.voices, sounding = (buffer) => before.find(({ source }) => source.buffer === buffer);
    const fresh = buffers.filter((buffer) => !sounding(buffer));
    const joined = this.ahead((when) => fresh.map((buffer) => this.voice(buffer, when, 0)));
    this.buffers = buffers;
    this.voices = buffers.map((buffer) => sounding(buffer) ?? joined[fresh.indexOf(buffer)]);
    for (const voice of before) if (!this.voices.includes(voice)) this.silence(voice);
    this.voices.forEach((voice, i) => this.ramp(voice.gain, this.level(i)));
  }

  select(i) {
    if (this.clips[i]) super.select(i);
  }

  show() {
    const { row, column, current, clips } = this, { rows, columns, versions = [] } = this.data;
    const version = versions.length ? `, ${versions[this.version]}` : "";
    const place = column === null ? rows[row].name : `${rows[row].name} as ${columns[column]}${version}`;
    this.chosen.textContent = place;
    this.cells.forEach((cells, r) => cells.forEach((cell, i) => {
      cell.setAttribute("aria-pressed", r === row && i === (current ? column + 1 : 0));
      cell.classList.toggle("at", r === row && i === (column ?? -1) + 1);
    }));
    this.buttons.forEach((button, i) => {
      button.disabled = !clips[i];
      button.replaceChildren(...this.face(clips[i] ?? { ...this.data.clips[i], label: "press a cell" }, i));
      this.pictures[i].setAttribute("aria-label", this.data.alt.replace("%", `${this.data.clips[i].name}, ${place}`));
    });
    super.show();
    this.status.textContent = `${place}: ${this.status.textContent}`;
    this.draw();
  }

  // The picture of the clip heard, once it is decoded.
  async draw() {
    const { current, data } = this, clip = this.clips[current], canvas = this.pictures[current];
    this.hint.hidden = Boolean(clip.buffer);
    if (canvas.clip === clip) return;
    canvas.clip = null;
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    const buffer = await clip.buffer;
    if (!buffer || clip !== this.clips[this.current] || canvas.clip === clip) return;
    drawSpectrogram(canvas, buffer.getChannelData(0), data.rate, data.shape, data.ends, data.colours);
    canvas.clip = clip;
  }
}
