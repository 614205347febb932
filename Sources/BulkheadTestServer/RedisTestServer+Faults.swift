import Synchronization

extension RedisTestServer {
    /// Kills the server with SIGKILL, as a crash would; its folder stays for ``restart()``. Idempotent.
    public func kill() { life.withLock { $0.kill() } }

    /// Starts the server again on the same address and in the same folder, ending it first if it still runs.
    ///
    /// Only what it saved is there again: start it with `["--appendonly", "yes"]` to have it keep its data.
    /// Throws where it was stopped, or does not come up; then no server runs, and restarting may be tried again.
    public func restart() throws(RedisTestServerError) {
        try life.withLock { life throws(RedisTestServerError) in
            if life.isStopped { throw Self.notRunning("restarted", "was stopped, and its folder is gone") }
            life.end()
            let deadline = ContinuousClock.now + options.startTimeout
            while true {
                do throws(RedisTestServerError) {
                    return try life.bringUp(within: options.startTimeout)
                } catch {
                    // A connection of someone else's may use the number for a moment, as a port of its own.
                    if error.code != .portTaken || ContinuousClock.now >= deadline { throw error }
                }
            }
        }
    }

    /// Stops the server with SIGSTOP: it keeps its connections, accepts new ones, and answers none.
    /// Throws where it does not run.
    public func pause() throws(RedisTestServerError) {
        try life.withLock { life throws(RedisTestServerError) in
            if life.runningProcess() == nil { throw Self.notRunning("paused", "does not run") }
            try life.watchdog.signal("STOP")
        }
    }

    /// Lets a paused server go on; without effect on another one.
    public func resume() {
        life.withLock { life in
            if life.runningProcess() != nil { try? life.watchdog.signal("CONT") }
        }
    }

    private static func notRunning(_ action: String, _ reason: String) -> RedisTestServerError {
        RedisTestServerError(
            .notRunning, "the test server cannot be \(action), because it \(reason): start another one")
    }
}
