package dev.fanfare.client;

import java.io.IOException;

/** A node answered, and the answer is no. */
public final class RefusedException extends IOException {

    private static final long serialVersionUID = 1;

    private final transient Problem problem;

    RefusedException(Problem problem) {
        super(problem.toString());
        this.problem = problem;
    }

    /** What the node said. */
    public Problem problem() {
        return problem;
    }
}
