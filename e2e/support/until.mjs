// Waiting for something to be true. No test sleeps for a time and hopes.
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What the condition answers, once that is truthy. `what` says in a failure what was waited for: text, or a function that also
 * tells what was seen instead.
 */
export async function until(what, condition, { within = 10_000, every = 5 } = {}) {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) {
      throw new Error(`waited ${within / 1000} s for ${typeof what === 'function' ? what() : what}`);
    }
    await pause(every);
  }
}
