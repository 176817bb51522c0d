// <music-audition>: clips of equal length run in step, and one of them is heard.
// Its data is a JSON script among its children; what else stands there is shown only without JavaScript.
(() => {
  const NAME = "music-audition", STYLE = "player.css", RAMP = 0.01; // seconds: too short to hear, too long to click

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

  const bytes = (uri) => Uint8Array.from(atob(uri.split(",")[1]), (c) => c.charCodeAt(0)).buffer;

  // One-sided binomial test, exactly: the chance of k or more right among n by guessing.
  const pValue = (k, n) => {
    let term = 0.5 ** n, sum = 0; // C(n, n) / 2^n
    for (let i = n; i >= k; i--) {
      sum += term;
      term *= i / (n - i + 1);
    }
    return sum;
  };

  // One audio context a page and sampling rate: browsers allow only a few, and its rate spares us resampling.
  const contexts = new Map();
  const contextAt = (sampleRate) => {
    if (!contexts.has(sampleRate)) contexts.set(sampleRate, new AudioContext({ sampleRate }));
    return contexts.get(sampleRate);
  };
  let sounding = null; // at most one player on the page

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
      Object.assign(this, { current: 0, at: 0, playing: false, loop: data.loop, masked: false, turn: 0 });
      // The theme paints HTML outputs light in dark mode; this one has colours for both.
      this.closest(".text_html")?.setAttribute("style", "background: none; padding: 0");

      this.buttons = data.clips.map((clip, i) =>
        h("button", { type: "button", class: "clip", click: () => this.select(i) },
          h("span", { class: "name" }, clip.name, i < 10 ? h("kbd", { "aria-hidden": "true" }, `${(i + 1) % 10}`) : null),
          clip.label && h("span", { class: "label" }, clip.label),
          clip.detail && h("span", { class: "detail" }, clip.detail)));
      this.pictures = data.clips.map((clip) => h("img", { src: clip.image, alt: clip.alt, draggable: "false" }));
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
        data.blind && this.buildBlind(),
        h("p", { class: "note" }, data.note.replaceAll(" dB", "\u00a0dB"), " Keys: ",
          h("kbd", {}, "space"), " play or pause, ", h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " move",
          several && ", ", several && h("kbd", {}, data.clips.length > 9 ? "1–9, 0" : `1–${data.clips.length}`), several && " choose", "."),
        this.status);
      this.attachShadow({ mode: "open" }).append(h("style", {}, STYLE), group);
      this.show();
      this.setLoop(this.loop);
      this.setPlaying(false);
    }

    // What tests and other scripts may read. The gains are those in force, not those asked for.
    get state() {
      const gains = this.data.clips.map((_, i) => (this.playing ? this.voices[i].gain.gain.value : i === this.current ? 1 : 0));
      const { current: clip, playing, position, loop, masked, score } = this;
      return { clip, playing, position, loop, masked, gains, duration: this.data.seconds, ...(score && { score }) };
    }

    get position() {
      if (!this.playing) return this.at;
      // What leaves the loudspeaker now was handed to the device a moment ago.
      const late = this.context.outputLatency || 0;
      const heard = this.at + Math.max(0, this.context.currentTime - this.since - late);
      return this.loop ? heard % this.data.seconds : Math.min(heard, this.data.seconds);
    }

    // Decodes every clip, once, when first wanted.
    prepare() {
      this.context = contextAt(this.data.rate);
      this.decoded ??= Promise.all(this.data.clips.map((clip) => this.context.decodeAudioData(bytes(clip.audio))));
      return Promise.all([this.decoded, this.context.resume()]);
    }

    async play() {
      const turn = ++this.turn; // a later press overtakes one that still waits for the decoder
      this.playButton.setAttribute("aria-busy", "true");
      try {
        [this.buffers] = await this.prepare();
        if (turn === this.turn && !this.playing) this.start();
      } catch (error) {
        this.decoded = null;
        this.failure.textContent = `This browser cannot play the sound (${error.message || error}).`;
        this.failure.hidden = false;
      } finally {
        this.playButton.removeAttribute("aria-busy");
      }
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

    // All clips start at the same sample; only gains differ.
    start() {
      if (sounding && sounding !== this) sounding.pause();
      sounding = this;
      const context = this.context, when = context.currentTime + 2 * RAMP;
      this.master = context.createGain();
      this.master.gain.setValueAtTime(0, when);
      this.master.gain.linearRampToValueAtTime(1, when + RAMP);
      this.master.connect(context.destination);
      this.voices = this.buffers.map((buffer, i) => {
        const source = context.createBufferSource(), gain = context.createGain();
        Object.assign(source, { buffer, loop: this.loop });
        gain.gain.value = i === this.current ? 1 : 0;
        source.connect(gain).connect(this.master);
        source.start(when, this.at);
        return { source, gain };
      });
      this.voices[0].source.onended = () => {
        this.at = 0;
        this.setPlaying(false);
      };
      this.since = when;
      this.setPlaying(true);
    }

    stop() {
      const now = this.context.currentTime;
      this.ramp(this.master, 0);
      for (const { source } of this.voices) {
        source.onended = null;
        source.stop(now + 2 * RAMP);
      }
    }

    ramp({ gain }, value) {
      const now = this.context.currentTime;
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(gain.value, now);
      gain.linearRampToValueAtTime(value, now + RAMP);
    }

    select(i, masked = false) {
      this.current = i;
      this.masked = masked;
      if (this.playing) this.voices.forEach((voice, j) => this.ramp(voice.gain, j === i ? 1 : 0));
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
      const { current, masked, data } = this;
      this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", !masked && i === current));
      this.pictures.forEach((picture, i) => { picture.hidden = masked || i !== current; });
      this.mask.hidden = !masked;
      const clip = data.clips[current];
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

    // ABX: X is A or B, drawn anew for every trial, and its picture is covered.
    buildBlind() {
      const { clips } = this.data;
      this.score = { right: 0, trials: 0, p: 1 };
      const pair = [0, 1];
      let x;
      const draw = () => { x = pair[crypto.getRandomValues(new Uint8Array(1))[0] & 1]; };
      draw();
      const hear = (which) => {
        this.select(which === "X" ? x : pair["AB".indexOf(which)], which === "X");
        if (!this.playing) this.play();
      };
      const listen = ["A", "B", "X"].map((which) => h("button", { type: "button", click: () => hear(which) }, `Hear ${which}`));
      const verdict = h("p", { class: "verdict", role: "status" });
      const again = h("button", { type: "button", hidden: "", click: () => reset() }, "Start again");
      const tell = (first) => {
        const { right, trials, p } = this.score;
        verdict.textContent = first + (trials
          ? ` ${right} of ${trials} right; guessing does as well or better with probability p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}.`
          : "");
        again.hidden = !trials;
      };
      const answer = (which) => {
        const right = pair["AB".indexOf(which)] === x, truth = "AB"[pair.indexOf(x)];
        this.score.trials++;
        this.score.right += right;
        this.score.p = pValue(this.score.right, this.score.trials);
        // Were X to go on sounding while it is drawn anew, a change would give it away.
        if (this.masked) this.select(x);
        draw();
        tell(right ? `Yes, X was ${truth}.` : `No, X was ${truth}.`);
      };
      const reset = () => {
        Object.assign(this.score, { right: 0, trials: 0, p: 1 });
        if (this.masked) this.select(pair[0]);
        draw();
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
      this.showBlind = () => listen.forEach((button, i) =>
        button.setAttribute("aria-pressed", i === 2 ? this.masked : !this.masked && this.current === pair[i]));
      return h("details", {}, h("summary", {}, "Test yourself, blind"),
        h("p", {}, "X is A or B, by the toss of a coin, and hidden. Listen to the three as often as you like, then answer. " +
          "Decide on the number of trials beforehand: of 16, 12 right are needed for p < 0.05."),
        h("div", { class: "row" }, ...menus),
        h("div", { class: "row" }, h("div", { class: "row" }, ...listen), h("div", { class: "row" },
          ...["A", "B"].map((which) => h("button", { type: "button", click: () => answer(which) }, `X is ${which}`)))),
        h("div", { class: "row" }, verdict, again));
    }
  }

  if (!customElements.get(NAME)) customElements.define(NAME, Audition);
  for (const player of document.querySelectorAll(NAME)) player.build?.();
})();
