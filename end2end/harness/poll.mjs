// Waiting for a condition, never for a time: the condition is asked again until it holds or the deadline passes.
import { setTimeout as pause } from 'node:timers/promises';

/** Calls `condition` until it answers something truthy and returns that. The last failure is told at the deadline. */
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

/** An error that makes waiting senseless: `until` gives up at once. */
export function final(message) {
  return Object.assign(new Error(message), { final: true });
}
