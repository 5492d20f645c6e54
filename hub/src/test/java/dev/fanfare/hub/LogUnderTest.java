package dev.fanfare.hub;

/** What the parts of a contract ask for. */
interface LogUnderTest {

    /** Opens a log that is closed after the test. */
    EventLog log(Retention retention);

    /** Gives a log the occasion to apply its retention, if it does not do so whenever it is used. */
    void retain(EventLog log);

    /** The time of the logs. */
    TestClock clock();
}
