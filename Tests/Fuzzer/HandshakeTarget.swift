import BulkheadBenchmarkSupport
import BulkheadNetworking
import BulkheadRESP
import BulkheadRESPComparison

/// A connection promises: no request leaves before every command of the handshake is answered acceptably; replies
/// belong to requests in order; a failure has a reason, shows no password, and nothing is sent behind it.
///
/// Two machines are fed, one value by value, the other as many at once as have come; both must say what the model says.
enum HandshakeTarget {
    private typealias Machine = ConnectionMachine<Int>

    static func check(_ input: Input) -> Verdict {
        var conversation = Exchange(input)
        do {
            return .held(try conversation.run())
        } catch {
            return .broken(error.words)
        }
    }

    struct Broken: Error {
        let words: String
        init(_ words: String) { self.words = words }
    }

    private struct Exchange {
        private var random: SeededGenerator
        private let wire: [UInt8]
        private let settings: ConnectionSettings
        private var single: Machine
        private var batched: Machine
        private var model: HandshakeModel
        /// Requests accepted and not handed out, with their bytes and replies.
        private var waiting: [(number: Int, bytes: [UInt8], replies: Int)] = []
        /// Numbers accepted and not answered.
        private var unanswered: [Int] = []
        private var lastNumber = 0
        private var isClosing = false
        private var reason = ""

        init(_ input: Input) {
            random = SeededGenerator(seed: input.variant)
            wire = input.bytes
            settings = HandshakeAnswers.settings(input.variant)
            single = Machine(settings)
            batched = Machine(settings)
            model = HandshakeModel(settings)
        }

        mutating func run() throws(Broken) -> String {
            try act()
            let greeting = single.connected()
            guard greeting == batched.connected() else { throw Broken("two machines greet differently") }
            if let complaint = model.complaint(about: greeting) { throw Broken(complaint) }
            model.sent(greeting)
            var decoder = RESPDecoder()
            var fed = 0
            while fed < wire.count, !model.isBroken {
                try act()
                let upper = min(wire.count, fed + 1 + random.below(80))
                decoder.feed(wire[fed..<upper])
                fed = upper
                var values: [RESPValue] = []
                do throws(RESPViolation) {
                    try decoder.decode(into: &values)
                } catch {
                    fed = wire.count
                    reason = "violation"
                }
                try receive(values)
            }
            let ending = model.isBroken ? reason : reason == "" ? "to the end" : reason
            try finish()
            return (model.isReady ? "ready, " : "not ready, ") + ending
        }

        /// Requests, writes and a close now and then, whenever they may come.
        private mutating func act() throws(Broken) {
            for _ in 0..<random.below(3) {
                switch random.below(16) {
                case 0: close()
                case 1...8: try ask()
                default: try write()
                }
            }
        }

        private mutating func close() {
            guard random.once(in: 4) else { return }
            single.close()
            batched.close()
            isClosing = true
        }

        private mutating func ask() throws(Broken) {
            lastNumber += 1
            let replies = 1 + random.below(random.once(in: 3) ? 4 : 1)
            let bytes = Array("request \(lastNumber)\r\n".utf8)
            let refusal = single.submit(bytes, .replies(replies), lastNumber)
            guard refusal == batched.submit(bytes, .replies(replies), lastNumber), (refusal != nil) == isClosing else {
                throw Broken("a request is refused by one machine, or refused by an open one")
            }
            guard refusal == nil else { return }
            waiting.append((lastNumber, bytes, replies))
            unanswered.append(lastNumber)
        }

        private mutating func write() throws(Broken) {
            let bytes = single.takeOutgoing()
            guard bytes == batched.takeOutgoing() else { throw Broken("two machines write differently") }
            guard model.isReady, !model.isBroken else {
                if !bytes.isEmpty { throw Broken("a request left before the handshake was over, or behind a failure") }
                return
            }
            guard bytes == waiting.flatMap(\.bytes) else { throw Broken("other bytes left than were asked") }
            for request in waiting { model.asked(request.number, replies: request.replies) }
            waiting = []
        }

        /// Feeds both machines and compares what they say with the model.
        private mutating func receive(_ values: [RESPValue]) throws(Broken) {
            var said: [Machine.Reception] = []
            for value in values {
                let reception = single.received(value)
                try compare(reception, model.meaning(of: value))
                if case .nothing = reception { continue }
                said.append(reception)
            }
            var batch = values
            var receptions = RingQueue<Machine.Reception>()
            batched.received(&batch, &receptions)
            var index = 0
            while let reception = receptions.popFirst() {
                if case .nothing = reception { continue }
                guard index < said.count, Self.isSame(reception, said[index]) else {
                    throw Broken("values received at once mean something else than one by one")
                }
                index += 1
            }
            guard index == said.count else { throw Broken("values received at once mean less than one by one") }
        }

        private mutating func compare(
            _ reception: Machine.Reception, _ meaning: HandshakeModel.Meaning
        ) throws(Broken) {
            guard single.isHandshaking != model.isReady else {
                throw Broken(model.isReady ? "not ready after all answers" : "ready before every answer had come")
            }
            switch (reception, meaning) {
            case (.nothing, .nothing), (.ready, .ready), (.pushed, .pushed): return
            case (.send(let bytes), .send):
                guard HandshakeModel.commands(bytes) == model.fallback else {
                    throw Broken("the second write is not login, name and SELECT")
                }
                model.sent(bytes)
            case (.broken(let failure), .broken): try check(failure)
            case (.completed(let number, _), .completed(let expected)),
                (.completedAll(let number, _), .completed(let expected)):
                guard number == expected else { throw Broken("request \(number) got the reply of \(expected)") }
                unanswered.removeAll { $0 == number }
            default: throw Broken("a value meant \(Self.word(reception)), and should have meant \(meaning)")
            }
        }

        private mutating func check(_ failure: ConnectionFailure) throws(Broken) {
            let isKnown =
                switch failure.reason {
                case .handshakeRefused, .handshakeUnanswered, .authenticationFailed, .permissionDenied,
                    .databaseDenied, .databaseOutOfRange, .unsolicitedReply:
                    true
                default: false
                }
            guard isKnown, (failure.reason == .unsolicitedReply) == model.isReady else {
                throw Broken("a failure with the reason \(failure.reason)")
            }
            let showsPassword = settings.password.map { failure.message.contains($0) } ?? false
            guard !failure.message.isEmpty, !showsPassword else {
                throw Broken("a failure without words, or with the password in them")
            }
            // Without the code, which the server makes up.
            reason = String("\(failure.reason)".prefix { $0 != "(" })
        }

        /// The end: all who wait are told, once, in order, and nothing moves any more.
        private mutating func finish() throws(Broken) {
            if model.isBroken { try write() }
            let failure = ConnectionFailure(.closedByServer, "over")
            let told = single.ended(failure).map(\.0)
            guard told == unanswered, told == batched.ended(failure).map(\.0) else {
                throw Broken("those told of the end are not those who wait")
            }
            guard single.takeOutgoing().isEmpty, single.submit([1], .replies(1), 0) != nil,
                single.ended(failure).isEmpty, case .nothing = single.received(.simpleString("OK")),
                single.connected().isEmpty, !single.isHandshaking
            else { throw Broken("something moves behind the end") }
        }

        // MARK: Words

        private static func word(_ reception: Machine.Reception) -> String {
            switch reception {
            case .nothing: "nothing"
            case .send: "send"
            case .ready: "ready"
            case .completed(let number, _), .completedAll(let number, _): "completed(\(number))"
            case .pushed: "pushed"
            case .loggedIn: "logged in"
            case .broken(let failure): "broken: \(failure.reason)"
            }
        }

        private static func isSame(_ left: Machine.Reception, _ right: Machine.Reception) -> Bool {
            switch (left, right) {
            case (.send(let left), .send(let right)): left == right
            case (.ready, .ready): true
            case (.completed(let left, let value), .completed(let right, let other)):
                left == right && value.isSame(as: other)
            case (.completedAll(let left, let values), .completedAll(let right, let others)):
                left == right && values.isSame(as: others)
            case (.pushed(let left), .pushed(let right)): left.isSame(as: right)
            case (.broken(let left), .broken(let right)): left == right
            default: false
            }
        }
    }
}
