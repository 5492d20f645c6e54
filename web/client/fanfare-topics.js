/**
 * Whether a stream of this selector receives what is published to this topic, as a node sees it. `@me` is any user here: a page does
 * not know the name that its token says.
 *
 * @param {string} selector
 * @param {string} topic
 */
export function covers(selector, topic) {
  if (topic === '@all' || selector === '**') return true;
  const wanted = selector.replace(/^@me(?=\/|$)/, 'users/*').split('/');
  const open = wanted.at(-1) === '**';
  if (open) wanted.pop();
  const segments = topic.split('/');
  return (open ? segments.length >= wanted.length : segments.length === wanted.length)
    && wanted.every((segment, i) => segment === '*' || segment === segments[i]);
}

/**
 * Whether any of these selectors receives an event of this topic, published also to those.
 *
 * @param {Iterable<string>} selectors
 * @param {{ topic: string | null, also?: readonly string[] }} event
 */
export function receives(selectors, { topic, also = [] }) {
  const topics = topic === null ? also : [topic, ...also];
  for (const selector of selectors) if (topics.some((name) => covers(selector, name))) return true;
  return false;
}
