@testable import BulkheadNetworking
import BulkheadRESP
import Testing

private let start = Moment(nanoseconds: 1_000_000_000)
private let minute = Duration.seconds(60)
private let broke = ConnectionFailure(.credentialsUnavailable, "no")

private func credentials(_ user: String, _ validity: Duration? = nil) -> Credentials {
    Credentials(username: user, password: "secret", validity: validity)
}

extension CredentialMachine.Step {
    fileprivate var question: Int? { if case .wait(let question, true) = self { question } else { nil } }
    fileprivate var joined: Int? { if case .wait(let question, false) = self { question } else { nil } }
    fileprivate var user: String? { if case .use(let login) = self { login.credentials?.username } else { nil } }
    fileprivate var failure: ConnectionFailure? { if case .fail(let failure) = self { failure } else { nil } }
}

@Suite struct `Credentials that a function gives` {
    @Test func `serve all connections until they end, and are renewed when four fifths of that time are over`() {
        var machine = CredentialMachine()
        #expect(machine.wanted(at: start).question == 1)
        // Whoever comes meanwhile waits for the same answer.
        #expect(machine.wanted(at: start).joined == 1 && machine.outcome(of: 1) == nil)
        #expect(machine.answered(1, credentials("a", minute), at: start)?.number == 1)
        #expect(machine.wanted(at: start + minute / 2).user == "a")
        #expect(machine.nextRenewal == start + .seconds(48))
        #expect(machine.renewalIsDue(at: start + .seconds(47)) == nil)
        #expect(machine.renewalIsDue(at: start + .seconds(48)) == 2)
        // Those that have not ended serve while the next ones are asked for.
        #expect(machine.wanted(at: start + .seconds(59)).user == "a")
        #expect(machine.wanted(at: start + .seconds(60)).joined == 2)
        #expect(machine.answered(2, credentials("a", minute), at: start + .seconds(60))?.number == 2)
        #expect(machine.nextRenewal == start + .seconds(108))
    }

    @Test func `without an end are asked for by each connection, and are news only where they differ`() {
        var machine = CredentialMachine()
        #expect(machine.wanted(at: start).question == 1)
        #expect(machine.answered(1, credentials("a"), at: start)?.number == 1)
        #expect(machine.wanted(at: start).question == 2)
        #expect(machine.answered(2, credentials("a"), at: start) == nil && machine.latest.number == 1)
        #expect(machine.wanted(at: start).question == 3)
        #expect(machine.answered(3, credentials("b"), at: start)?.number == 2)
        #expect(machine.nextRenewal == .never)
    }

    @Test func `that were refused are asked for again, and only if they are the newest`() {
        var machine = CredentialMachine()
        _ = machine.wanted(at: start)
        _ = machine.answered(1, credentials("a", minute), at: start)
        machine.refused(7)
        #expect(machine.wanted(at: start).user == "a")
        machine.refused(1)
        #expect(machine.wanted(at: start).question == 2)
    }

    @Test func `that do not come fail those who wait, and the next question has to wait`() {
        var machine = CredentialMachine()
        _ = machine.wanted(at: start)
        machine.failed(1, broke, at: start) { .seconds($0) }
        guard case .failure(broke)? = machine.outcome(of: 1) else { return #expect(Bool(false)) }
        #expect(machine.wanted(at: start).failure == broke && machine.nextRenewal == .never)
        #expect(machine.wanted(at: start + .seconds(1)).question == 2)
        // An answer to the question that was given up is dropped.
        #expect(machine.answered(1, credentials("a"), at: start) == nil && machine.isAsking)
        machine.failed(2, broke, at: start) { .seconds($0) }
        #expect(machine.wanted(at: start + .seconds(1)).failure == broke)
    }

    @Test func `that could not be renewed serve until they end, and are asked for again before`() {
        var machine = CredentialMachine()
        _ = machine.wanted(at: start)
        _ = machine.answered(1, credentials("a", minute), at: start)
        _ = machine.renewalIsDue(at: start + .seconds(48))
        machine.failed(2, broke, at: start + .seconds(48)) { _ in .zero }
        #expect(machine.wanted(at: start + .seconds(50)).user == "a")
        #expect(machine.nextRenewal == start + .seconds(51))
        #expect(machine.renewalIsDue(at: start + .seconds(51)) == 3)
    }
}

@Suite struct `A new login of a connection in use` {
    private func login(_ number: Int) -> Login { Login(number: number, credentials: credentials("a")) }

    @Test func `leaves between two requests, alone, and holds those behind it until it is answered`() {
        var machine = Machine.ready()
        machine.ask(1)
        #expect(text(machine.takeOutgoing()).contains("ECHO"))
        #expect(machine.renewLogin(login(1)) == true)
        machine.ask(2)
        #expect(!machine.hasOutgoing)
        #expect(machine.receive("+one\r\n") == [.completed(1, [.simpleString("one")])])
        #expect(machine.takeOutgoing() == command("AUTH a secret"))
        #expect(!machine.hasOutgoing && !machine.isIdle)
        #expect(machine.receive("+OK\r\n") == [.loggedIn(1, isAccepted: true)])
        #expect(machine.takeOutgoing() == command("ECHO 2"))
        #expect(machine.receive("+two\r\n") == [.completed(2, [.simpleString("two")])])
        #expect(machine.isIdle && !machine.renewLogin(login(1)))
    }

    @Test func `that is refused leaves the connection as it was, but for the next lease`() {
        var machine = Machine.ready()
        #expect(machine.renewLogin(login(1)) == true)
        #expect(machine.takeOutgoing() == command("AUTH a secret"))
        machine.ask(1)
        #expect(machine.receive("-WRONGPASS invalid\r\n") == [.loggedIn(1, isAccepted: false)])
        #expect(machine.takeOutgoing() == command("ECHO 1"))
        #expect(machine.receive("+one\r\n") == [.completed(1, [.simpleString("one")])])
        #expect(!machine.isFree && !machine.refusesRequests)
    }

    @Test func `is followed by a newer one that came meanwhile, before anything else`() {
        var machine = Machine.ready()
        #expect(machine.renewLogin(login(1)) && machine.takeOutgoing() == command("AUTH a secret"))
        #expect(machine.renewLogin(login(2)) && !machine.hasOutgoing)
        machine.ask(1)
        #expect(machine.receive("+OK\r\n") == [.loggedIn(1, isAccepted: true)])
        #expect(machine.takeOutgoing() == command("AUTH a secret"))
        #expect(machine.receive("+OK\r\n") == [.loggedIn(2, isAccepted: true)] && machine.loginNumber == 2)
        #expect(machine.takeOutgoing() == command("ECHO 1"))
    }

    @Test func `answered by what is no answer to AUTH ends the connection, and nothing behind it leaves`() {
        var machine = Machine.ready()
        _ = machine.renewLogin(login(1))
        _ = machine.takeOutgoing()
        machine.ask(1)
        #expect(machine.receive("$3\r\none\r\n") == [.broken(.unsolicitedReply)])
        #expect(!machine.hasOutgoing && machine.ended(broke).map(\.1.stage) == [.queued])
    }

    @Test func `does not go over a subscribed connection in RESP2, and lets messages pass in RESP3`() {
        var old = Machine.ready(.resp2)
        _ = old.submit(command("SUBSCRIBE c"), .confirmations, 1)
        #expect(old.renewLogin(login(1)) == false)
        var machine = Machine.ready()
        _ = machine.submit(command("SUBSCRIBE c"), .confirmations, 1)
        _ = machine.takeOutgoing()
        _ = machine.receive(">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
        #expect(machine.renewLogin(login(1)) == true)
        _ = machine.takeOutgoing()
        let heard = machine.receive(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n+OK\r\n")
        #expect(heard.count == 2 && heard[1] == .loggedIn(1, isAccepted: true))
    }

    @Test func `is not asked for while the connection is made, or after its end`() {
        var machine = Machine(someSettings(version: .resp3))
        #expect(machine.renewLogin(login(1)) == false)
        var ended = Machine.ready()
        _ = ended.ended(broke)
        #expect(ended.renewLogin(login(1)) == false)
        var anonymous = Machine.ready()
        #expect(anonymous.renewLogin(Login(number: 1, credentials: nil)) == false)
    }
}
