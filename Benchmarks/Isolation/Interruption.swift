import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ctrl-C as a wish that long work looks at, so that it can tidy up before the program ends.
///
/// A second signal ends the program at once, with 130; own servers end with it all the same.
final class Interruption: Sendable {
    private let wasAsked = Atomic(false)
    private let sources: Mutex<[any DispatchSourceSignal]> = Mutex([])

    /// Takes over SIGINT, SIGTERM and SIGHUP for the rest of the program.
    init() {
        let queue = DispatchQueue(label: "isolation.signals")
        sources.withLock { sources in
            for number in [SIGINT, SIGTERM, SIGHUP] {
                _ = signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { @Sendable [weak self] in
                    guard let self, !self.wasAsked.exchange(true, ordering: .relaxed) else { exit(Self.exitCode) }
                }
                source.resume()
                sources.append(source)
            }
        }
    }

    /// As shells report a program that SIGINT ended.
    static let exitCode: Int32 = 130

    var isAsked: Bool { wasAsked.load(ordering: .relaxed) }

    /// Throws ``Interrupted`` once a signal came.
    func check() throws(Interrupted) {
        if isAsked { throw Interrupted() }
    }
}

/// The person at the keyboard wants the program to end.
struct Interrupted: Error {}
