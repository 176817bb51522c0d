// The spectrogram of samples, drawn on a canvas as pictures.py draws it.

// Fourier transform in place; the number of complex values is a power of two. Radix 2, decimation in time.
const transform = (re, im) => {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) { // in bit-reversed order
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let half = 1; half < n; half *= 2) {
    for (let k = 0; k < half; k++) {
      const c = Math.cos((Math.PI * k) / half), s = -Math.sin((Math.PI * k) / half);
      for (let i = k; i < n; i += 2 * half) {
        const x = re[i + half] * c - im[i + half] * s, y = re[i + half] * s + im[i + half] * c;
        re[i + half] = re[i] - x;
        im[i + half] = im[i] - y;
        re[i] += x;
        im[i] += y;
      }
    }
  }
};

// For every band of a logarithmic axis, the bins that it gathers, with their weights: see _bands in pictures.py.
const bandsOf = (rate, { size, height, low }) => {
  const edge = (i) => (low * (rate / 2 / low) ** (i / height) * size) / rate;
  return Array.from({ length: height }, (_, band) => {
    const start = edge(band), width = edge(band + 1) - start, weights = new Map();
    for (let k = 0; k < 64; k++) {
      const at = start + (width * (k + 0.5)) / 64, bin = Math.floor(at), share = Math.max(1, width / 1.5) / 64;
      weights.set(bin, (weights.get(bin) || 0) + (1 - at + bin) * share);
      weights.set(bin + 1, (weights.get(bin + 1) || 0) + (at - bin) * share);
    }
    return [...weights];
  });
};

// Draws samples; `bottom` and `top` are the ends of the colour scale in dB. Colours are given as "#rrggbb".
const drawSpectrogram = (canvas, samples, rate, shape, [bottom, top], colours) => {
  const { size, width, height } = shape, bands = bandsOf(rate, shape);
  const hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (size - 1)));
  const unit = (2 / hann.reduce((sum, w) => sum + w)) ** 2;
  const palette = colours.map((colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)));
  const re = new Float64Array(size), im = new Float64Array(size);
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let column = 0; column < width; column++) {
    const start = Math.floor(((column + 0.5) * samples.length) / width) - size / 2;
    for (let i = 0; i < size; i++) re[i] = (samples[start + i] ?? 0) * hann[i];
    im.fill(0);
    transform(re, im);
    bands.forEach((weights, band) => {
      let power = 0;
      for (const [bin, weight] of weights) power += weight * (re[bin] ** 2 + im[bin] ** 2);
      const level = 10 * Math.log10(Math.max(power * unit, 1e-20));
      const step = Math.round(((level - bottom) / (top - bottom)) * (palette.length - 1));
      const colour = palette[Math.min(Math.max(step, 0), palette.length - 1)];
      image.data.set([...colour, 255], 4 * ((height - 1 - band) * width + column));
    });
  }
  context.putImageData(image, 0, 0);
};
