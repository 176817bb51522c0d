// <music-audition>: clips of equal length run in step, and one of them is heard.
// Its data is a JSON script among its children; the other children are shown only without JavaScript.
// page.py joins this file with others, in one function.
const STYLE = "player.css", RAMP = 0.01; // seconds: too short to hear, too long to click

// An element with attributes (functions become listeners) and children.
const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter(Boolean));
  return element;
};

const icon = (path) => {
  const box = h("span", { class: "icon", "aria-hidden": "true" });
  box.innerHTML = `<svg viewBox="0 0 16 16"><path d="${path}"/></svg>`;
  return box;
};
const PLAY = "M4 2l10 6-10 6z", PAUSE = "M3 2h4v12H3zM9 2h4v12H9z", RESTART = "M2 2h2v12H2zM14 2v12L5 8z";
const LOOP = "M2.5 7.5V7a3 3 0 0 1 3-3H13M10.5 1.5L13 4l-2.5 2.5M13.5 8.5V9a3 3 0 0 1-3 3H3M5.5 14.5L3 12l2.5-2.5";

// A sound is in the page as a data: address or, on a built page, in a separate script: from disk, a page may load
// only scripts. The script sets `audio` on its own element.
const inScript = (src) => new Promise((resolve, reject) => {
  const script = h("script", { src, load: () => script.remove() });
  script.onload = () => resolve(script.audio);
  script.onerror = () => reject(new Error(`${src} is missing`));
  document.head.append(script);
});
const bytes = async (address) => {
  const uri = address.startsWith("data:") ? address : await inScript(address);
  return Uint8Array.from(atob(uri.split(",")[1]), (c) => c.charCodeAt(0)).buffer;
};

// Every output has its own copy of this code; the copies share what a page can have only once.
const shared = (window.musicAudition ??= { contexts: new Map(), sounding: null });
// One audio context for each page and sampling rate: browsers allow only a few. At its rate, nothing is resampled.
const contextAt = (sampleRate) => {
  if (!shared.contexts.has(sampleRate)) shared.contexts.set(sampleRate, new AudioContext({ sampleRate }));
  return shared.contexts.get(sampleRate);
};

class Audition extends HTMLElement {
  // While the page is still being parsed, the children are not there yet: the script after them calls build.
  connectedCallback() {
    if (document.readyState !== "loading") this.build();
  }

  disconnectedCallback() {
    if (this.data) this.pause();
  }

  build() {
    const source = this.querySelector('script[type="application/json"]');
    if (this.data || !source) return;
    const data = (this.data = JSON.parse(source.textContent));
    Object.assign(this, { clips: data.clips, current: 0, at: 0, playing: false, loop: data.loop, turn: 0, voices: [] });
    Object.assign(this, { masked: false, trim: null });
    // The theme shows HTML outputs light even in dark mode; this one has colours for both modes.
    this.closest(".text_html")?.setAttribute("style", "background: none; padding: 0");

    this.buttons = data.clips.map((clip, i) =>
      h("button", { type: "button", class: "clip", click: () => this.select(i) }, ...this.face(clip, i)));
    this.pictures = data.clips.map((clip) => this.picture(clip));
    this.playhead = h("div", { class: "playhead" });
    this.mask = h("div", { class: "mask", hidden: "" }, "X");
    this.slider = h("div", {
      class: "screen", role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0,
      "aria-valuemax": data.seconds, pointerdown: (e) => this.drag(e), pointermove: (e) => this.drag(e),
      pointerup: (e) => this.drag(e), pointercancel: () => { this.dragged = undefined; this.paint(); },
    }, this.playhead);
    this.playButton = h("button", { type: "button", class: "play", click: () => this.toggle() });
    this.loopButton = h("button", { type: "button", class: "loop", title: "Loop", "aria-label": "Loop",
      click: () => this.setLoop(!this.loop) }, icon(LOOP));
    this.time = h("span", { class: "time" });
    this.status = h("p", { class: "unseen", role: "status" });
    this.failure = h("p", { class: "failure", role: "alert", hidden: "" });

    const ticks = (axis, marks, place) => h("div", { class: axis, "aria-hidden": "true" },
      ...marks.map(([text, at]) => h("span", { style: `${place}: ${100 * at}%` }, text)));
    const several = data.clips.length > 1;
    const group = h("div", { class: "player", role: "group", "aria-label": data.title || "Audio player", keydown: (e) => this.key(e) },
      (data.title || data.caption) && h("div", {}, data.title && h("p", { class: "title" }, data.title),
        data.caption && h("p", { class: "caption" }, data.caption)),
      this.head(),
      h("div", { class: "clips", role: "group", "aria-label": "Clips" }, ...this.buttons),
      h("div", { class: "plot" },
        ticks("frequency", data.frequency, "bottom"),
        h("div", { class: "frame" }, ...this.pictures, this.mask, this.slider),
        h("span", { class: "unit", "aria-hidden": "true" }, "Hz"),
        ticks("seconds", data.time, "left"),
        h("span", { class: "unit", "aria-hidden": "true" }, "s")),
      h("div", { class: "transport" }, this.playButton,
        h("button", { type: "button", title: "To the start", "aria-label": "To the start", click: () => this.seek(0) }, icon(RESTART)),
        this.loopButton, this.time,
        h("span", { class: "scale", title: "Decibels relative to a full-scale sine, the same for all clips" }, data.scale[0],
          h("i", { style: `background: linear-gradient(90deg, ${data.colours})` }), `${data.scale[1]} dB`)),
      this.failure,
      data.blind && blindTest(this),
      h("p", { class: "note" }, data.note.replaceAll(" dB", "\u00a0dB"), " Keys: ",
        h("kbd", {}, "space"), " play or pause, ", h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " move",
        several && ", ", several && h("kbd", {}, data.clips.length > 9 ? "1–9, 0" : `1–${data.clips.length}`), several && " choose", "."),
      this.status);
    this.attachShadow({ mode: "open" }).append(h("style", {}, STYLE), group);
    this.show();
    this.setLoop(this.loop);
    this.setPlaying(false);
  }

  // The text of a clip's button.
  face({ name, label, detail }, i) {
    return [
      h("span", { class: "name" }, name, i < 10 ? h("kbd", { "aria-hidden": "true" }, `${(i + 1) % 10}`) : null),
      label && h("span", { class: "label" }, label),
      detail && h("span", { class: "detail" }, detail),
    ].filter(Boolean);
  }

  // What is above the clips; grid.js puts something there.
  head() {}

  picture(clip) {
    return h("img", { src: clip.image, alt: clip.alt, draggable: "false", loading: "lazy" });
  }

  // What tests and other scripts may read. The gains are the actual ones, not those asked for.
  get state() {
    const voice = (clip) => this.voices.find(({ source }) => source.buffer === clip.decoded);
    const gains = this.clips.map((clip, i) => (this.playing ? voice(clip)?.gain.gain.value ?? 0 : this.level(i)));
    const { current: clip, playing, position, loop, masked, score } = this;
    return { clip, playing, position, loop, masked, gains, duration: this.data.seconds, ...(score && { score }) };
  }

  // The gain a clip should have: only one is heard, unchanged unless the blind test trims it.
  level(i) {
    return i === this.current ? this.trim?.get(i) ?? 1 : 0;
  }

  get position() {
    if (!this.playing) return this.at;
    // What the loudspeaker plays now was sent to the device a moment ago.
    const late = this.context.outputLatency || 0;
    const heard = this.at + Math.max(0, this.context.currentTime - this.since - late);
    return this.loop ? heard % this.data.seconds : Math.min(heard, this.data.seconds);
  }

  // The clip's sound, fetched and decoded once, when first wanted.
  decode(clip) {
    clip.buffer ??= bytes(clip.audio).then((content) => this.context.decodeAudioData(content));
    clip.buffer.catch(() => { clip.buffer = null; });
    return clip.buffer;
  }

  async prepare() {
    this.context = contextAt(this.data.rate);
    this.failure.hidden = true;
    const { clips } = this;
    const [buffers] = await Promise.all([Promise.all(clips.map((clip) => this.decode(clip))), this.context.resume()]);
    buffers.forEach((buffer, i) => { clips[i].decoded = buffer; });
    return buffers;
  }

  // Calls `then` with the decoded clips, unless a later press overtakes this one while it waits.
  async whenReady(then) {
    const turn = ++this.turn;
    this.playButton.setAttribute("aria-busy", "true");
    try {
      const buffers = await this.prepare();
      if (turn === this.turn) then(buffers);
    } catch (error) {
      this.failure.textContent = `This browser cannot play the sound (${error.message || error}).`;
      this.failure.hidden = false;
    } finally {
      this.playButton.removeAttribute("aria-busy");
    }
  }

  play() {
    return this.whenReady((buffers) => {
      if (!this.playing) this.start(buffers);
    });
  }

  pause() {
    this.turn++;
    if (!this.playing) return;
    this.at = this.position;
    this.stop();
    this.setPlaying(false);
  }

  toggle() {
    if (this.playing) this.pause(); else this.play();
  }

  seek(seconds) {
    this.at = Math.min(Math.max(seconds, 0), this.data.seconds);
    if (this.playing) {
      this.stop();
      this.start();
    }
    this.paint();
  }

  // A time rounded to whole samples: a browser would interpolate between samples.
  whole(seconds) {
    return Math.round(seconds * this.data.rate) / this.data.rate;
  }

  // All clips start at the same sample; only gains differ.
  start(buffers = this.buffers) {
    if (shared.sounding && shared.sounding !== this) shared.sounding.pause();
    shared.sounding = this;
    this.buffers = buffers;
    const context = this.context;
    this.master = context.createGain();
    this.master.gain.value = 0;
    this.master.connect(context.destination);
    this.voices = this.ahead((when) => {
      this.since = when;
      this.zero = when - this.whole(this.at); // when sample 0 sounded or would have
      return buffers.map((buffer, i) => this.voice(buffer, when, this.level(i)));
    });
    this.master.gain.setValueAtTime(0, this.since);
    this.master.gain.linearRampToValueAtTime(1, this.since + RAMP);
    this.voices[0].source.onended = () => this.end();
    this.setPlaying(true);
  }

  // Makes voices for a moment just ahead. On a busy machine this moment may pass before all are made, and a voice that
  // starts late is out of step. Then all are made again, for a later moment.
  ahead(make) {
    for (let lead = 2 * RAMP; ; lead *= 2) {
      const when = this.whole(this.context.currentTime + lead), made = make(when);
      if (this.context.currentTime + RAMP < when) return made;
      for (const { source, gain } of made) {
        gain.disconnect();
        source.stop();
      }
    }
  }

  // A clip that starts at a given moment, in step with the others.
  voice(buffer, when, level) {
    const source = this.context.createBufferSource(), gain = this.context.createGain();
    Object.assign(source, { buffer, loop: this.loop });
    gain.gain.value = level;
    source.connect(gain).connect(this.master);
    const passed = when - this.zero;
    source.start(when, this.whole(this.loop ? passed % buffer.duration : passed));
    return { source, gain };
  }

  end() {
    this.at = 0;
    this.setPlaying(false);
  }

  stop() {
    this.ramp(this.master, 0);
    this.voices.forEach((voice) => this.silence(voice));
  }

  silence({ source, gain }) {
    this.ramp(gain, 0);
    source.onended = null;
    source.stop(this.context.currentTime + 2 * RAMP);
  }

  ramp({ gain }, value) {
    const now = this.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setValueAtTime(gain.value, now);
    gain.linearRampToValueAtTime(value, now + RAMP);
  }

  // When masked, the player does not show which clip it is; trim maps clips to gains.
  select(i, { masked = false, trim = null } = {}) {
    Object.assign(this, { current: i, masked, trim });
    if (this.playing) this.voices.forEach((voice, j) => this.ramp(voice.gain, this.level(j)));
    this.show();
  }

  setLoop(loop) {
    if (this.playing) { // counted anew, for the position of a loop is a remainder
      this.at = this.position;
      this.since = this.context.currentTime - (this.context.outputLatency || 0);
      for (const { source } of this.voices) source.loop = loop;
    }
    this.loop = loop;
    this.loopButton.setAttribute("aria-pressed", loop);
  }

  setPlaying(playing) {
    this.playing = playing;
    const label = playing ? "Pause" : "Play";
    this.playButton.replaceChildren(icon(playing ? PAUSE : PLAY), label);
    this.toggleAttribute("playing", playing);
    this.paint();
    if (playing) this.tick();
  }

  tick() {
    if (!this.playing) return;
    this.paint();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) setTimeout(() => this.tick(), 500);
    else requestAnimationFrame(() => this.tick());
  }

  paint() {
    const { seconds } = this.data, at = this.dragged ?? this.position, shown = at.toFixed(1);
    this.playhead.style.left = `${(100 * at) / seconds}%`;
    if (this.shown === shown) return;
    this.shown = shown;
    this.time.textContent = `${shown} / ${seconds.toFixed(1)} s`;
    this.slider.setAttribute("aria-valuenow", shown);
    this.slider.setAttribute("aria-valuetext", `${shown} of ${seconds.toFixed(1)} seconds`);
  }

  show() {
    const { current, masked, clips } = this;
    this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", !masked && i === current));
    this.pictures.forEach((picture, i) => { picture.hidden = masked || i !== current; });
    this.mask.hidden = !masked;
    const clip = clips[current];
    this.status.textContent = masked ? "X" : [clip.name, clip.label, clip.detail].filter(Boolean).join(", ");
    this.showBlind?.();
  }

  drag(event) {
    if (event.type === "pointerdown") this.slider.setPointerCapture(event.pointerId);
    else if (this.dragged === undefined) return;
    const { left, width } = this.slider.getBoundingClientRect();
    this.dragged = Math.min(Math.max((event.clientX - left) / width, 0), 1) * this.data.seconds;
    if (event.type !== "pointerup") return this.paint();
    const at = this.dragged;
    this.dragged = undefined;
    this.seek(at);
  }

  key(event) {
    const { target, key } = event, onSlider = target === this.slider;
    if (event.ctrlKey || event.metaKey || event.altKey || target.tagName === "SELECT") return;
    const steps = { ArrowLeft: -0.5, ArrowRight: 0.5, ...(onSlider && { ArrowDown: -0.5, ArrowUp: 0.5, PageDown: -1, PageUp: 1 }) };
    const number = /^[0-9]$/.test(key) ? (Number(key) + 9) % 10 : -1;
    if (key in steps) this.seek(this.position + steps[key]);
    else if (onSlider && key === "Home") this.seek(0);
    else if (onSlider && key === "End") this.seek(this.data.seconds);
    else if (number >= 0 && number < this.buttons.length) this.select(number);
    // On any other button, space presses that button.
    else if (key === " " && (onSlider || (!this.masked && target === this.buttons[this.current]))) this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// A page may bring this code several times; the first to define an element wins.
const define = (name, element) => {
  if (!customElements.get(name)) customElements.define(name, element);
  for (const each of document.querySelectorAll(name)) each.build?.();
};
