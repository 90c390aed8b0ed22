// Polls a condition until it holds or a deadline passes. Tests never wait for a fixed time.
import { setTimeout as pause } from 'node:timers/promises';

/** Calls `condition` until it returns something truthy and returns that. At the deadline, throws with the last error. */
export async function until(what, condition, { within = 20_000, every = 20 } = {}) {
  const deadline = Date.now() + within;
  let reason = '';
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      if (error?.final) throw error;
      reason = `: ${error?.message ?? error}`;
    }
    if (Date.now() > deadline) throw new Error(`waited ${within} ms in vain for ${what}${reason}`);
    await pause(every);
  }
}

/** An error that makes `until` give up at once. */
export function final(message) {
  return Object.assign(new Error(message), { final: true });
}
