/// A reply as it came.
package struct ObservedReply {
    package let id: String
    /// 2 or 3.
    package let resp: Int
    /// The command that it answers; empty where the case says it in bytes, or expects the reply in another step.
    package let words: [[UInt8]]
    package let value: WireValue
    package let bytes: [UInt8]
}

/// One case in one protocol, run.
struct CaseRun {
    /// Ends a case early.
    struct Stop: Error {
        let outcome: ConformanceReport.Outcome
        let reason: String
    }

    private let context: RunContext
    private let test: ConformanceCase
    private let version: Int
    private let deadline: ContinuousClock.Instant
    private var wires: [Character: Wire] = [:]
    private var identifiers: [Character: [UInt8]] = [:]
    private var order: [Character] = []
    private var scope: MatchScope
    /// What was sent and received, in the order of all connections.
    private(set) var messages: [ConformanceReport.Message] = []
    private var seen: [Character: Int] = [:]
    /// A connection was given a moment to be blocked, as the server does not show who is.
    private var isUncertain = false

    init(_ test: ConformanceCase, version: Int, _ context: RunContext) {
        self.context = context
        self.test = test
        self.version = version
        deadline = .now + context.options.timeLimit
        scope = MatchScope(version: version) { context.bytes(named: $0, in: test, version) }
    }

    /// Runs the steps; nil if all went as expected.
    mutating func run() -> Stop? {
        var stop: Stop?
        do throws(Stop) {
            for step in test.steps where step.version == nil || step.version == version {
                try perform(step)
                note(step.connection)
            }
            try checkNothingIsLeft()
        } catch {
            stop = isUncertain ? uncertain(error) : error
        }
        for connection in order { note(connection) }
        wires = [:]
        for step in test.steps where step.version == nil || step.version == version {
            if case .finally(let payload) = step.action { context.housekeeping(bytes(of: payload)) }
        }
        return stop
    }

    // MARK: Connections

    private mutating func wire(_ connection: Character) throws(Stop) -> Wire {
        if let wire = wires[connection] { return wire }
        do {
            let (wire, identifier) = try context.open(version: test.isBare ? nil : version, until: deadline)
            wires[connection] = wire
            identifiers[connection] = identifier
            order.append(connection)
            seen[connection] = wire.events.count
            return wire
        } catch {
            throw Stop(outcome: .fail, reason: error.description)
        }
    }

    /// Takes over what happened on a connection since the last time.
    private mutating func note(_ connection: Character) {
        guard let wire = wires[connection] else { return }
        let first = seen[connection] ?? 0
        // A hundred thousand of one kind say no more than the first few.
        for event in wire.events[first...].prefix(40) where messages.count < 400 {
            messages.append(
                ConformanceReport.Message(
                    connection: String(connection), sent: event.isSent, bytes: WireText.escaped(event.bytes)))
        }
        seen[connection] = wire.events.count
    }

    // MARK: Steps

    private mutating func perform(_ step: ConformanceStep) throws(Stop) {
        switch step.action {
        case .send(let payload, let repetition, let expected):
            try send(payload, repetition, expected, step)
        case .expect(let pattern): try expect(pattern, on: try wire(step.connection), step)
        case .closed:
            let wire = try wire(step.connection)
            guard wire.waitForEnd(until: deadline) else {
                throw failed(step, "the server did not close the connection")
            }
            guard wire.unread.isEmpty else {
                throw failed(step, "before it closed, the server sent \(WireText.quoted(wire.unread))")
            }
        case .nothing:
            let wire = try wire(step.connection)
            if wire.fill(until: .now + .milliseconds(30)) {
                var reader = WireReader(Array(wire.unread))
                if let value = try? reader.next() { try refuseUnknown(value) }
                throw failed(step, "nothing should come, and the server sent \(WireText.quoted(wire.unread))")
            }
            if wire.isClosed { throw closed(step) }
        case .blocked: try waitUntilBlocked(step)
        case .close:
            note(step.connection)
            wires[step.connection] = nil
            identifiers[step.connection] = nil
        case .finally: break
        }
    }

    private mutating func send(
        _ payload: ConformanceStep.Payload, _ repetition: ConformanceStep.Repetition, _ expected: ReplyPattern?,
        _ step: ConformanceStep
    ) throws(Stop) {
        let wire = try wire(step.connection)
        let bytes = bytes(of: payload)
        switch repetition {
        case .once:
            _ = wire.send(bytes, until: deadline)
            if let expected { try expect(expected, on: wire, step, payload) }
        case .times(let count):
            var all: [UInt8] = []
            all.reserveCapacity(bytes.count * count)
            for _ in 0..<count { all += bytes }
            _ = wire.send(all, until: deadline)
            if let expected { for _ in 0..<count { try expect(expected, on: wire, step, payload) } }
        case .cutEverywhere:
            for cut in 1..<bytes.count {
                _ = wire.send(Array(bytes[..<cut]), until: deadline)
                _ = wire.send(Array(bytes[cut...]), until: deadline)
                if let expected { try expect(expected, on: wire, step, payload) }
            }
        case .untilExpected:
            guard let expected else { return }
            while true {
                _ = wire.send(bytes, until: deadline)
                let (value, raw) = try reply(on: wire, step)
                observe(payload, value, raw)
                if expected.matches(value, raw: raw[...], &scope) { return }
                try refuseUnknown(value)
                guard ContinuousClock.now < deadline else { throw mismatch(step, value) }
                _ = wire.fill(until: .now + .milliseconds(5))
            }
        }
    }

    private func observe(_ payload: ConformanceStep.Payload?, _ value: WireValue, _ raw: [UInt8]) {
        guard let observer = context.observer else { return }
        var words: [[UInt8]] = []
        if case .command(let templates) = payload { words = templates.map { $0.bytes(scope.value) } }
        observer(ObservedReply(id: test.id, resp: version, words: words, value: value, bytes: raw))
    }

    private mutating func expect(
        _ pattern: ReplyPattern, on wire: Wire, _ step: ConformanceStep, _ payload: ConformanceStep.Payload? = nil
    ) throws(Stop) {
        let (value, raw) = try reply(on: wire, step)
        observe(payload, value, raw)
        guard pattern.matches(value, raw: raw[...], &scope) else {
            try refuseUnknown(value)
            throw mismatch(step, value)
        }
    }

    private func reply(on wire: Wire, _ step: ConformanceStep) throws(Stop) -> (WireValue, [UInt8]) {
        do throws(WireViolation) {
            if let found = try wire.value(until: deadline) { return found }
        } catch {
            throw failed(step, "the server sent what is no RESP: \(error)")
        }
        throw wire.isClosed ? closed(step) : failed(step, "no whole reply came in time")
    }

    /// Where the server ends a connection over each command that it does not know, an end says no more than that.
    private func closed(_ step: ConformanceStep) -> Stop {
        guard context.closesOnUnknown else { return failed(step, "the server closed the connection") }
        return Stop(
            outcome: .notOffered,
            reason: "the server closed the connection, as it does on a command that it does not know")
    }

    /// A command that the server does not know says nothing about how it would behave.
    private func refuseUnknown(_ value: WireValue) throws(Stop) {
        guard value.type == UInt8(ascii: "-") else { return }
        let text = String(decoding: value.text, as: UTF8.self).lowercased()
        if text.hasPrefix("err unknown command") || text.hasPrefix("err unknown subcommand") {
            throw Stop(outcome: .notOffered, reason: "the server says: \(WireText.escaped(value.text))")
        }
    }

    private mutating func waitUntilBlocked(_ step: ConformanceStep) throws(Stop) {
        _ = try wire(step.connection)
        guard let identifier = identifiers[step.connection], context.showsBlocked else {
            isUncertain = true
            return context.giveAMoment()
        }
        guard context.isBlocked(identifier, until: deadline) else {
            throw failed(step, "the server does not say that the connection is blocked")
        }
    }

    /// What went wrong may be that the server was not waiting yet: that accuses nobody.
    private func uncertain(_ stop: Stop) -> Stop {
        Stop(
            outcome: .notOffered,
            reason: "CLIENT LIST does not show who is blocked, so this may be the kit's haste: \(stop.reason)")
    }

    private func checkNothingIsLeft() throws(Stop) {
        context.letRepliesArrive()
        for connection in order {
            guard let wire = wires[connection] else { continue }
            wire.receive()
            guard wire.unread.isEmpty else {
                let reason = "more came on connection \(connection): \(WireText.quoted(wire.unread))"
                throw Stop(outcome: .fail, reason: reason)
            }
        }
    }

    // MARK: Words

    private func bytes(of payload: ConformanceStep.Payload) -> [UInt8] {
        switch payload {
        case .raw(let template): template.bytes(scope.value)
        case .command(let words): RunContext.command(words.map { $0.bytes(scope.value) })
        }
    }

    private func mismatch(_ step: ConformanceStep, _ value: WireValue) -> Stop {
        failed(step, "the reply is \(value)")
    }

    private func failed(_ step: ConformanceStep, _ reason: String) -> Stop {
        Stop(outcome: .fail, reason: "line \(step.line), \(step.text): \(reason)")
    }
}
