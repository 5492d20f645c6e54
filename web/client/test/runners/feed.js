// A page's code, which knows nothing of tests.
import { FanfareSource } from 'fanfare-client';

export function follow(url, show) {
  const source = new FanfareSource(url);
  source.onmessage = ({ data }) => show(data);
}
