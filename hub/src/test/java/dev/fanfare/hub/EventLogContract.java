package dev.fanfare.hub;

/** What every {@link EventLog} keeps. A log's own test extends this and opens it. */
public abstract class EventLogContract extends LogFixture implements AppendContract, ReadContract, RetentionContract {}
