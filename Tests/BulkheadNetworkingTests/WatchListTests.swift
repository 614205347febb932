@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

@Suite struct `The books of the poller` {
    private typealias Books = WatchList<String>

    private static func over(_ books: inout Books, _ ready: (Int32, Readiness)...) -> [String] {
        var over: [(watch: Watch, watcher: String)] = []
        books.endPoll(ready.map { Books.Socket(descriptor: $0, readiness: $1) }, &over)
        return over.map(\.watcher)
    }

    private static func polled(_ books: inout Books) -> Set<Books.Socket> {
        var sockets: [Books.Socket] = []
        books.beginPoll(&sockets)
        return Set(sockets)
    }

    @Test func `ask about each socket once, and notify each kind of watch of its own event`() {
        var books = Books()
        _ = books.add(3, until: .readable, "reads 3")
        _ = books.add(3, until: .writable, "writes 3")
        _ = books.add(4, until: .writable, "writes 4")
        #expect(
            Self.polled(&books) == [.init(descriptor: 3, readiness: .all), .init(descriptor: 4, readiness: .writable)])
        #expect(Self.over(&books, (3, .writable)) == ["writes 3"])
        #expect(
            Self.polled(&books) == [
                .init(descriptor: 3, readiness: .readable), .init(descriptor: 4, readiness: .writable),
            ])
        // A hang-up is told to all.
        #expect(Self.over(&books, (3, .all), (4, .all)) == ["reads 3", "writes 4"])
        #expect(books.isEmpty)
    }

    @Test func `have a sleeping thread woken by the first who comes, and an awake one by nobody`() {
        var books = Books()
        #expect(!books.add(3, until: .readable, "before").mustWake)
        _ = Self.polled(&books)
        #expect(books.add(4, until: .readable, "first").mustWake)
        #expect(!books.add(5, until: .readable, "second").mustWake)
        #expect(Self.over(&books) == [])
        #expect(!books.add(6, until: .readable, "between").mustWake)
        #expect(Self.polled(&books).count == 4)
        #expect(books.add(7, until: .readable, "next").mustWake)
    }

    @Test func `say nothing to who called off, nor to who came while the thread slept`() {
        var books = Books()
        let gone = books.add(3, until: .readable, "gone").watch
        _ = Self.polled(&books)
        books.remove(gone)
        // Its socket was closed, and another one has its number.
        let next = books.add(3, until: .readable, "next").watch
        #expect(Self.over(&books, (3, .all)) == [])
        // Called off again, and too late.
        books.remove(gone)
        #expect(Self.polled(&books).map(\.descriptor) == [3])
        #expect(Self.over(&books, (3, .readable)) == ["next"])
        books.remove(next)
        #expect(books.isEmpty)
    }

    /// Sockets open, close, become ready and are drained at random, by the side of a thread that polls at random: what
    /// the thread is told of is what a kernel would have told. A watch is never lost, and never over without reason.
    @Test(arguments: 0..<50) func `lose nobody, and notify nobody without reason, in any order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var books = WatchList<Int>()
        /// A socket has a name of its own, beside the number that is used again.
        var socketOf: [Int32: Int] = [:], ready: Set<Int> = [], sockets = 0
        /// By socket and kind.
        var watches: [Int: (watch: Watch, socket: Int)] = [:], asked = 0
        /// What the thread asked about: the kernel keeps the sockets it was asked about, whatever becomes of numbers.
        var poll: [(descriptor: Int32, readiness: Readiness, socket: Int)]?
        var isWoken = false

        for _ in 0..<4_000 {
            let descriptor = Int32.random(in: 3..<7, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:  // Opens or closes, the latter as a connection does: nobody watches any more.
                if let socket = socketOf.removeValue(forKey: descriptor) {
                    for (name, entry) in watches where entry.socket == socket {
                        books.remove(entry.watch)
                        watches[name] = nil
                    }
                } else {
                    sockets += 1
                    socketOf[descriptor] = sockets
                }
            case 1: if let socket = socketOf[descriptor] { ready.insert(socket) }
            case 2: if let socket = socketOf[descriptor] { ready.remove(socket) }
            case 3, 4:
                let kind: Readiness = Bool.random(using: &random) ? .readable : .writable
                guard let socket = socketOf[descriptor],
                    !watches.values.contains(where: { $0.socket == socket && $0.watch.kind == kind })
                else { continue }
                asked += 1
                let (watch, mustWake) = books.add(descriptor, until: kind, asked)
                watches[asked] = (watch, socket)
                if mustWake { isWoken = true }
            case 5:
                if let (name, entry) = watches.randomElement(using: &random) {
                    books.remove(entry.watch)
                    watches[name] = nil
                }
            default:
                if let asked = poll {
                    let answers = asked.filter { ready.contains($0.socket) }
                    // `poll` returns when something is ready or a byte is in the pipe.
                    guard !answers.isEmpty || isWoken else { break }
                    var over: [(watch: Watch, watcher: Int)] = []
                    books.endPoll(answers.map { .init(descriptor: $0.descriptor, readiness: $0.readiness) }, &over)
                    for (watch, name) in over {
                        let entry = watches.removeValue(forKey: name)
                        #expect(entry?.watch == watch, "called off, or told before")
                        #expect(entry.map { ready.contains($0.socket) } == true, "told without reason")
                    }
                    poll = nil
                    isWoken = false
                } else {
                    var sockets: [WatchList<Int>.Socket] = []
                    books.beginPoll(&sockets)
                    poll = sockets.compactMap { socket in
                        socketOf[socket.descriptor].map { (socket.descriptor, socket.readiness, $0) }
                    }
                }
            }
            // Nobody is missed: who waits for a ready socket is known to the thread, or it is awake or about to be.
            if let asked = poll, !isWoken {
                for entry in watches.values where ready.contains(entry.socket) {
                    #expect(
                        asked.contains { $0.socket == entry.socket && $0.readiness.contains(entry.watch.kind) },
                        "nobody watches for this one")
                }
            }
        }
    }
}
