// Creates readers, each with an address of their own, and signs them in.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { HttpClient } from './http-client.mjs';

export const DAY = 86_400;
export const WEEK = 7 * DAY;

/** The sign-up fields of a new reader, with answers to the default questions. */
export function newReader(changes = {}) {
  const mark = randomBytes(6).toString('hex');
  return {
    name: 'Ada Reader',
    email: `ada.${mark}@readers.example.com`,
    password: `Quiet-harbour-${mark}`,
    experienceLevel: 'beginner',
    professionalRole: 'developer',
    ...changes,
  };
}

/** Signs a new reader up through the better-auth client: `{ httpClient, client, reader, user, token }`. */
export async function signUpReader(server, changes = {}, options = {}) {
  const httpClient = new HttpClient(server, options);
  const client = httpClient.client();
  const reader = newReader(changes);
  const { data, error } = await client.signUp.email(reader);
  assert.equal(error, null, `sign-up failed: ${JSON.stringify(error)}`);
  return { httpClient, client, reader, user: data.user, token: data.token, answer: httpClient.last };
}

/** Signs an existing reader in on another device. */
export async function signInReader(server, { email, password }, changes = {}) {
  const httpClient = new HttpClient(server);
  const client = httpClient.client();
  const { data, error } = await client.signIn.email({ email, password, ...changes });
  assert.equal(error, null, `sign-in failed: ${JSON.stringify(error)}`);
  return { httpClient, client, user: data.user, token: data.token, data, answer: httpClient.last };
}

/** A JWT for other services, as the better-auth client gets it. */
export async function fetchToken({ client }) {
  const { data, error } = await client.token();
  assert.equal(error, null, `token failed: ${JSON.stringify(error)}`);
  return data.token;
}

/** Whether the client still has a session. */
export async function isSignedIn({ client }) {
  const { data, error } = await client.getSession();
  assert.equal(error, null, 'get-session must not fail');
  return data !== null;
}
