// Tokens as a backend makes them, with nothing but node:crypto.
import { createHmac } from 'node:crypto';

const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** An HS256 token that lives for so many seconds; `grants` are its rights, `claims` what else it says: `{ sub }`. */
export function makeToken(key, seconds, grants, claims = {}) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: now, exp: now + seconds, fanfare: grants, ...claims })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
