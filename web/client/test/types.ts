// What TypeScript makes of the package. Compiled, never run.
import { FanfareSource, type FanfareError, type FanfareMessage } from 'fanfare-client';

const source = new FanfareSource('https://example.com/events?topic=a', { token: async (refused) => refused ?? 'x', onGap: (gap) => gap.topics[0] });

// An existing page, where only the constructor changes.
const existing: EventSource = new FanfareSource('/events', { withCredentials: true });
existing.onmessage = (event: MessageEvent) => JSON.parse(event.data);
existing.addEventListener('status', (event) => event.data);
existing.addEventListener('error', () => existing.readyState === EventSource.CLOSED);

source.onmessage = (event) => event.topic?.split('/');
source.onerror = (event) => event.problem?.detail?.length;
source.addEventListener('message', (event) => event.topic satisfies string | null);
source.addEventListener('error', (event) => event.retryIn satisfies number | null);
source.addEventListener('status', (event: FanfareMessage) => event.data satisfies string);
source.addEventListener('status', { handleEvent: (event: Event) => event.type });
const failed = (event: FanfareError) => event.reason === 'status';
source.addEventListener('error', failed);
source.removeEventListener('error', failed);
source.add('b', 'c');
source.drop('a');
FanfareSource.OPEN satisfies 1;
source.transport satisfies 'stream' | 'poll';

// @ts-expect-error: options are checked
new FanfareSource('/events', { heartbeats: 15 });
// @ts-expect-error: there is no such thing
source.reconnect();
