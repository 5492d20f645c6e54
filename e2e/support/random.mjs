// Random numbers that a seed repeats (mulberry32).

export function seeded(seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from low up to and including high. */
  random.between = (low, high) => low + Math.floor(random() * (high - low + 1));
  random.chance = (probability) => random() < probability;
  random.pick = (list) => list[Math.floor(random() * list.length)];
  return random;
}

export const newSeed = () => Math.floor(Math.random() * 2 ** 31);
