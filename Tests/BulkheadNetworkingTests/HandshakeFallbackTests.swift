@testable import BulkheadNetworking
import BulkheadRESP
import Testing

@Suite struct `Falling back to RESP2` {
    /// What servers say that do not know HELLO, or RESP3.
    static let refusals = [
        "-ERR unknown command 'HELLO'\r\n",
        "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
        "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'ann' 'sesame' \r\n",
        "-NOPROTO unsupported protocol version\r\n",
        "-NOPROTO sorry this protocol version is not supported\r\n",
    ]

    private static let ignored = "-ERR unknown\r\n-ERR unknown\r\n"
    private static let denied = "-NOAUTH Authentication required.\r\n"

    @Test(arguments: refusals)
    func `a server without a login needs no second write`(_ refusal: String) {
        var handshake = Handshake(someSettings())
        _ = handshake.start()
        #expect(handshake.receive(refusal + Self.ignored + "+OK\r\n").agreed == .resp2)
    }

    @Test(arguments: refusals)
    func `the second write has login, name, and the SELECT that was refused`(_ refusal: String) {
        var handshake = Handshake(someSettings(username: "ann", password: "sesame", clientName: "app"))
        _ = handshake.start()
        let second = handshake.receive(refusal + Self.denied + Self.denied + Self.denied)
        #expect(second.sent == text(commands("AUTH ann sesame", "CLIENT SETNAME app", "SELECT 2")))
        #expect(handshake.receive("+OK\r\n+OK\r\n").isWait)
        #expect(handshake.receive("+OK\r\n").agreed == .resp2)
    }

    @Test func `a SELECT that said OK is not repeated`() {
        var handshake = Handshake(someSettings(password: "sesame", clientName: "app"))
        _ = handshake.start()
        let second = handshake.receive(Self.refusals[0] + Self.ignored + "+OK\r\n")
        #expect(second.sent == text(commands("AUTH sesame", "CLIENT SETNAME app")))
        #expect(handshake.receive("+OK\r\n").isWait)
        #expect(handshake.receive("+OK\r\n").agreed == .resp2)
    }

    @Test func `without a user AUTH has the one-argument form, which servers before 6 know`() {
        var handshake = Handshake(someSettings(password: "sesame"))
        _ = handshake.start()
        let second = handshake.receive(Self.refusals[0] + Self.denied + Self.denied + Self.denied)
        #expect(second.sent == text(commands("AUTH sesame", "SELECT 2")))
    }

    @Test func `a SELECT refused twice is a failure`() {
        var handshake = Handshake(someSettings())
        _ = handshake.start()
        let second = handshake.receive(Self.refusals[0] + Self.ignored + "-ERR DB index is out of range\r\n")
        #expect(second.sent == text(commands("SELECT 2")))
        #expect(handshake.receive("-ERR DB index is out of range\r\n").failure?.reason == .databaseOutOfRange)
    }

    @Test func `a login refused after the fallback is a failure`() {
        for error in ["-ERR invalid password\r\n", "-WRONGPASS invalid username-password pair\r\n"] {
            var handshake = Handshake(someSettings(password: "sesame"))
            _ = handshake.start()
            _ = handshake.receive(Self.refusals[0] + Self.denied + Self.denied + Self.denied)
            #expect(handshake.receive(error).failure?.reason == .authenticationFailed)
        }
    }

    @Test(arguments: [
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        "-NOPERM this user has no permissions to run the 'hello' command\r\n",
        "-ERR Protocol version is not an integer or out of range\r\n",
        "-ERR Syntax error in HELLO option 'SETNAME'\r\n",
    ])
    func `every other error to HELLO ends the connection, because falling back would hide it`(_ error: String) {
        var handshake = Handshake(someSettings(password: "sesame"))
        _ = handshake.start()
        #expect(handshake.receive(error).failure != nil)
    }

    @Test func `NOAUTH in answer to a login means that HELLO is unknown, and AUTH decides`() {
        var handshake = Handshake(someSettings(password: "sesame"))
        _ = handshake.start()
        let second = handshake.receive(Self.denied + Self.denied + Self.denied + Self.denied)
        #expect(second.sent == text(commands("AUTH sesame", "SELECT 2")))
        #expect(handshake.receive("-WRONGPASS invalid\r\n").failure?.reason == .authenticationFailed)
    }

    @Test func `NOAUTH without a login is a failure`() {
        var handshake = Handshake(someSettings())
        _ = handshake.start()
        #expect(handshake.receive(Self.denied).failure?.reason == .authenticationFailed)
    }
}
