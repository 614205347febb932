package import BulkheadConsole
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A progress bar on standard error, for works of any length: nothing for short ones, and nothing with `--quiet`.
///
/// May be updated from any task; what cannot be written is dropped, because progress is no result.
package final class WorkProgress: Sendable {
    private let streams: StandardStreams
    private let isSilent: Bool
    private let bar: Mutex<ProgressBar>

    /// - Parameter unit: what is counted, in the plural.
    package init(_ title: String, total: Int?, unit: String, isSilent: Bool, _ streams: StandardStreams) {
        self.streams = streams
        self.isSilent = isSilent
        bar = Mutex(
            ProgressBar(
                title, total: total, unit: unit, onTerminal: streams.errors.isTerminal, now: MonotonicClock.now()))
    }

    /// Shows the count if it is time to.
    package func update(done: Int) {
        guard !isSilent else { return }
        // Written under the lock: two texts at once would cover each other.
        bar.withLock { bar in
            let text = bar.update(done: done, now: MonotonicClock.now(), columns: streams.errors.screen.pageColumns)
            if let text { try? streams.errors.writeAll(text) }
        }
    }

    /// Changes what is expected: a database may grow while it is walked.
    package func expect(total: Int?) {
        bar.withLock { $0.total = total }
    }

    /// Writes a line of words above the bar.
    package func say(_ line: String) {
        bar.withLock { bar in try? streams.errors.writeAll(bar.clear() + line + "\n") }
    }

    /// Clears the bar; what follows starts on an empty line.
    package func end() {
        guard !isSilent else { return }
        bar.withLock { bar in try? streams.errors.writeAll(bar.clear()) }
    }

}

extension Descriptor {
    /// Whether a person looks at it; a file or a pipe does not.
    package var isTerminal: Bool { isatty(number) == 1 }

    /// What it is shown on, as wide as it is now.
    package var screen: Screen { Screen(of: number) }
}
