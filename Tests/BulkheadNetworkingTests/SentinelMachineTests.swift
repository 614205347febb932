@testable import BulkheadNetworking
import BulkheadRESP
import Testing

/// What the words of sentinels mean, by value.
@Suite struct SentinelMachineTests {
    private let first = Endpoint.tcp(host: "10.0.0.1", port: 6379)
    private let second = Endpoint.tcp(host: "10.0.0.2", port: 6379)
    private let third = Endpoint.tcp(host: "10.0.0.3", port: 6379)
    private let refusal = ConnectionFailure(.notPrimary, "it is a replica")

    private func machine() -> SentinelMachine {
        SentinelMachine(group: "mymaster", sentinels: (1...3).map { .tcp(host: "s\($0)", port: 26_379) })
    }

    private func primary(_ endpoint: Endpoint, _ epoch: Int64) -> SentinelMachine.Word {
        .primary(endpoint, epoch: epoch)
    }

    @Test func `the first answer is tried, without a wait for the others`() {
        var machine = machine()
        #expect(machine.candidate == nil)
        #expect(!machine.isHopeless)
        machine.answered(1, primary(first, 7), askedIn: 0)
        #expect(machine.candidate == first)
    }

    @Test func `a sentinel that is behind the others is not believed beside them, whoever answers first`() {
        for order in [[0, 1], [1, 0]] {
            var machine = machine()
            for index in order {
                machine.answered(index, index == 0 ? primary(first, 3) : primary(second, 4), askedIn: 0)
            }
            #expect(machine.candidate == second)
        }
    }

    @Test func `a candidate that was refuted is tried again only when a sentinel that was asked anew names it`() {
        var machine = machine()
        machine.answered(0, primary(first, 1), askedIn: 0)
        machine.answered(1, primary(first, 1), askedIn: 0)
        let isNews = machine.refute(first, refusal)
        #expect(isNews)
        #expect(machine.candidate == nil)
        // An answer to a question from before the doubt.
        machine.answered(2, primary(first, 1), askedIn: 0)
        #expect(machine.candidate == nil)
        machine.answered(2, primary(first, 1), askedIn: machine.round)
        #expect(machine.candidate == first)
        // Many connections found out at once; the second one says nothing new of an older candidate.
        let again = machine.refute(second, refusal)
        #expect(!again)
        #expect(machine.candidate == first)
    }

    @Test func `failovers are followed however high the epoch is that a sentinel says`() throws {
        func text(_ text: String) -> RESPValue { .bulkString(RESPBytes(text)) }
        let word = try SentinelMachine.Word(
            address: .array([text("10.0.0.1"), text("6379")]),
            details: .array([text("config-epoch"), text("9223372036854775807")]))
        var machine = machine()
        machine.answered(0, word, askedIn: 0)
        #expect(machine.candidate == first)
        for (old, new) in [(first, second), (second, third)] {
            let isNews = machine.received(1, SwitchMessage(group: "mymaster", from: old, to: new))
            #expect(isNews && machine.candidate == new)
        }
    }

    @Test func `the highest epoch there is has none above it`() {
        var machine = machine()
        machine.answered(0, primary(first, .max), askedIn: 0)
        let isNews = machine.received(1, SwitchMessage(group: "mymaster", from: first, to: second))
        #expect(isNews && machine.candidate != nil)
    }

    @Test func `who is asked anew and is behind names nobody`() {
        var machine = machine()
        machine.answered(0, primary(second, 5), askedIn: 0)
        _ = machine.refute(second, refusal)
        machine.answered(1, primary(first, 4), askedIn: machine.round)
        #expect(machine.candidate == nil)
        machine.answered(2, primary(third, 6), askedIn: machine.round)
        #expect(machine.candidate == third)
    }

    @Test func `a switch away from the server in use is believed at once, and reported once`() {
        var machine = machine()
        for index in 0..<3 { machine.answered(index, primary(first, 1), askedIn: 0) }
        machine.confirm(first)
        let isAskedAnew = machine.received(2, SwitchMessage(group: "mymaster", from: first, to: second))
        #expect(isAskedAnew)
        #expect(machine.candidate == second)
        let (moves, movesAgain) = (machine.takeMove(), machine.takeMove())
        #expect(moves)
        #expect(!movesAgain)
        // The leader of the failover says it a second later: nothing new.
        machine.confirm(second)
        _ = machine.received(0, SwitchMessage(group: "mymaster", from: first, to: second))
        #expect(machine.candidate == second)
        let movesBack = machine.takeMove()
        #expect(!movesBack)
    }

    @Test func `a switch from a server that is not in use is a reason to ask, and no more`() {
        var machine = machine()
        machine.answered(0, primary(third, 9), askedIn: 0)
        machine.confirm(third)
        // From a sentinel that slept.
        let isAskedAnew = machine.received(1, SwitchMessage(group: "mymaster", from: first, to: second))
        #expect(isAskedAnew)
        #expect(machine.candidate == third)
        let moves = machine.takeMove()
        #expect(!moves)
        let concerns = machine.received(1, SwitchMessage(group: "another", from: third, to: first))
        #expect(!concerns)
    }

    @Test func `the answers behind a switch replace what was guessed from its message`() {
        var machine = machine()
        machine.answered(0, primary(first, 1), askedIn: 0)
        machine.confirm(first)
        _ = machine.received(1, SwitchMessage(group: "mymaster", from: first, to: second))
        machine.answered(1, primary(second, 2), askedIn: 0)
        machine.answered(0, primary(second, 2), askedIn: 0)
        #expect(machine.candidate == second)
        machine.confirm(second)
        machine.answered(2, primary(first, 3), askedIn: 0)
        #expect(machine.candidate == first)
        let moves = machine.takeMove()
        #expect(moves)
    }

    @Test func `it is hopeless when all have failed since the last doubt, and not before`() {
        var machine = machine()
        let failure = ConnectionFailure(.connectFailed, "nobody listens")
        machine.failed(0, failure)
        machine.answered(1, .unknownGroup, askedIn: 0)
        #expect(!machine.isHopeless)
        machine.failed(2, failure)
        #expect(machine.isHopeless)
        #expect(machine.failure.reason == .primaryUnknown)
        #expect(
            machine.account == "s1:26379 gives no answer (nobody listens); s2:26379 watches no group of that name; "
                + "s3:26379 gives no answer (nobody listens)")
        machine.askAgain()
        #expect(!machine.isHopeless)
        machine.answered(0, primary(first, 1), askedIn: machine.round)
        _ = machine.refute(first, refusal)
        #expect(!machine.isHopeless)
        #expect(machine.failure.reason == .primaryAwaited)
        #expect(machine.account.contains("s1:26379 says 10.0.0.1:6379"))
        #expect(machine.account.contains("10.0.0.1:6379 was tried last (it is a replica)"))
    }

    @Test func `a message is read from a push and from an array, and nothing else is one`() {
        func text(_ text: String) -> RESPValue { .bulkString(RESPBytes(text.utf8)) }
        let content = "mymaster 10.0.0.1 6379 10.0.0.2 6379"
        let parts = [text("message"), text("+switch-master"), text(content)]
        let expected = SwitchMessage(group: "mymaster", from: first, to: second)
        #expect(SwitchMessage(.push(parts)) == expected)
        #expect(SwitchMessage(.array(parts)) == expected)
        for broken in ["", "mymaster", "mymaster a 1 b", "mymaster a x b 2", "mymaster a 1 b 2 c"] {
            #expect(SwitchMessage(.push([parts[0], parts[1], text(broken)])) == nil)
        }
        #expect(SwitchMessage(.push([text("subscribe"), parts[1], .integer(1)])) == nil)
        #expect(SwitchMessage(.null) == nil)
    }

    @Test func `answers are read in both protocols, and what is no address is a failure of that sentinel`() throws {
        func text(_ text: String) -> RESPValue { .bulkString(RESPBytes(text.utf8)) }
        let address = RESPValue.array([text("10.0.0.2"), text("6379")])
        let details = RESPValue.array([text("name"), text("mymaster"), text("config-epoch"), text("12")])
        guard case .primary(let endpoint, let epoch) = try SentinelMachine.Word(address: address, details: details)
        else {
            Issue.record("no primary")
            return
        }
        #expect(endpoint == second)
        #expect(epoch == 12)
        guard case .unknownGroup = try SentinelMachine.Word(address: .null, details: .null) else {
            Issue.record("a known group")
            return
        }
        let wrong: [RESPValue] = [
            .integer(1), .array([text("10.0.0.2")]), .array([text("10.0.0.2"), text("70000")]),
            .array([text(""), text("6379")]), .error(RESPBytes("NOPERM".utf8)),
        ]
        for reply in wrong {
            #expect(throws: ConnectionFailure.self) { try SentinelMachine.Word(address: reply, details: .null) }
        }
    }
}

/// The role that a server must prove in the handshake.
@Suite struct `A handshake with a primary` {
    private func settings(_ version: RESPVersion) -> ConnectionSettings {
        var settings = someSettings(version: version)
        settings.role = .primary
        return settings
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `is over only when the server says that it is one`(_ version: RESPVersion) throws {
        let greeting = version == .resp3 ? hello + "+OK\r\n+OK\r\n+OK\r\n" : "+OK\r\n+OK\r\n:7\r\n+OK\r\n"
        let roles = [
            ("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n", true),
            ("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n", false),
            ("*2\r\n$8\r\nsentinel\r\n*0\r\n", false), ("+OK\r\n", false), ("*0\r\n", false),
        ]
        for (role, isAccepted) in roles {
            var handshake = Handshake(settings(version))
            let words = String(decoding: handshake.start(), as: UTF8.self)
            #expect(words.contains("ROLE"))
            let step = handshake.receive(greeting + role + (isAccepted ? "+OK\r\n" : ""))
            let failure = step.failure
            #expect((failure == nil) == isAccepted, "\(role)")
            if !isAccepted { #expect(failure?.reason == .notPrimary) }
        }
    }

    @Test func `says which right is missing where ROLE is denied`() throws {
        var handshake = Handshake(settings(.resp3))
        _ = handshake.start()
        let denied = "-NOPERM this user has no permissions to run the 'role' command\r\n"
        let failure = try #require(handshake.receive(hello + "+OK\r\n+OK\r\n+OK\r\n" + denied).failure)
        #expect(failure.reason == .permissionDenied)
        #expect(failure.message.contains("grant +role"))
    }

    @Test func `asks a sentinel for neither role nor database`() {
        var settings = someSettings(version: .resp3)
        settings.role = .sentinel
        var handshake = Handshake(settings)
        let words = String(decoding: handshake.start(), as: UTF8.self)
        #expect(!words.contains("SELECT") && !words.contains("ROLE"))
        let step = handshake.receive(hello + "-ERR unknown subcommand\r\n-ERR unknown subcommand\r\n")
        #expect(step.failure == nil)
    }
}
