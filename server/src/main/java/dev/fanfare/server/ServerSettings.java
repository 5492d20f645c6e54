package dev.fanfare.server;

import dev.fanfare.http.SubscribeRequest;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server is told.
 *
 * @param host the address to listen on
 * @param port the port; 0 for any free one
 * @param adminPort the port of what is the operator's; null for the same
 * @param loops event loop threads
 * @param insecure whether a node that is open to all may listen beyond this machine and be called by any name
 * @param hostNames names by which an open node may be called, besides localhost and addresses
 * @param origins allowed origins, {@code *} at the end of one for any port, {@code *} alone for all; null for those of this machine
 * @param streams how many event streams at once
 * @param eventBytes how large one event's data may be
 * @param bodyBytes how large a JSON document of events may be
 * @param headBytes how large a request line and, apart from it, the headers may be
 * @param requestTime how long a request, head and body, may take to arrive
 * @param publishIdle how long a streaming publish may be silent
 * @param idle how long a connection may be open without a request
 * @param drainDelay how long a draining server takes new streams yet
 * @param drainTime over how long it then ends all
 * @param limits what one client may take
 * @param defaults what streams get that do not say
 */
public record ServerSettings(
        String host,
        int port,
        @Nullable Integer adminPort,
        int loops,
        boolean insecure,
        List<String> hostNames,
        @Nullable List<String> origins,
        int streams,
        int eventBytes,
        int bodyBytes,
        int headBytes,
        Duration requestTime,
        Duration publishIdle,
        Duration idle,
        Duration drainDelay,
        Duration drainTime,
        Limits limits,
        SubscribeRequest.Defaults defaults) {}
