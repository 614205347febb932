@testable import BulkheadNetworking
import BulkheadRESP
import Testing

extension Handshake.Step {
    var isWait: Bool {
        if case .wait = self { return true }
        return false
    }

    var sent: String? {
        if case .send(let bytes) = self { return text(bytes) }
        return nil
    }

    var agreed: RESPVersion? {
        if case .ready(let version) = self { return version }
        return nil
    }

    var failure: ConnectionFailure? {
        if case .failed(let failure) = self { return failure }
        return nil
    }
}

extension Handshake {
    /// The last step after these replies; all earlier ones must be to wait.
    mutating func receive(_ wire: String, _ location: SourceLocation = #_sourceLocation) -> Step {
        var last = Step.wait
        for value in values(wire) {
            #expect(last.isWait, sourceLocation: location)
            last = received(value)
        }
        return last
    }
}

func someSettings(
    database: Int = 2, username: String? = nil, password: String? = nil, clientName: String? = nil,
    version: RESPVersion = .resp3
) -> ConnectionSettings {
    ConnectionSettings(
        endpoint: .unix(path: "/nowhere"), database: database, username: username, password: password,
        clientName: clientName, version: version)
}

/// HELLO's reply, shortened.
let hello = "%1\r\n$5\r\nproto\r\n:3\r\n"

@Suite struct `The handshake` {
    @Test func `its bytes are RESP commands`() {
        var handshake = Handshake(someSettings())
        #expect(
            text(handshake.start())
                == "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
                + "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nLIB-NAME\r\n$8\r\nbulkhead\r\n"
                + "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$7\r\nLIB-VER\r\n"
                + "$\(LibraryVersion.number.utf8.count)\r\n\(LibraryVersion.number)\r\n"
                + "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n")
    }

    static let greetings: [(ConnectionSettings, [String])] = [
        (someSettings(), ["HELLO 3"]),
        (someSettings(clientName: "app"), ["HELLO 3 SETNAME app"]),
        (someSettings(password: "sesame"), ["HELLO 3 AUTH default sesame"]),
        (someSettings(username: "ann", password: "sesame"), ["HELLO 3 AUTH ann sesame"]),
        (
            someSettings(username: "ann", password: "sesame", clientName: "app"),
            ["HELLO 3 AUTH ann sesame SETNAME app"]
        ),
        (someSettings(version: .resp2), []),
        (someSettings(password: "sesame", version: .resp2), ["AUTH sesame"]),
        (someSettings(username: "ann", password: "sesame", version: .resp2), ["AUTH ann sesame"]),
        (
            someSettings(username: "ann", password: "sesame", clientName: "app", version: .resp2),
            ["AUTH ann sesame", "CLIENT SETNAME app"]
        ),
    ]

    @Test(arguments: greetings)
    func `one write asks for everything`(_ settings: ConnectionSettings, _ greeting: [String]) {
        var handshake = Handshake(settings)
        let expected =
            greeting + ["CLIENT SETINFO LIB-NAME bulkhead", "CLIENT SETINFO LIB-VER \(LibraryVersion.number)"]
            + (settings.version == .resp2 ? ["CLIENT ID"] : []) + ["SELECT 2"]
        #expect(text(handshake.start()) == text(expected.flatMap { command($0) }))
    }

    @Test func `a user without a password logs in with an empty one`() {
        var handshake = Handshake(someSettings(username: "ann"))
        #expect(text(handshake.start()).hasPrefix(text(command(["HELLO", "3", "AUTH", "ann", ""]))))
        var old = Handshake(someSettings(username: "ann", version: .resp2))
        #expect(text(old.start()).hasPrefix(text(command(["AUTH", "ann", ""]))))
    }

    @Test(arguments: [0, 7, 15, 1_000])
    func `the database is selected always, 0 too`(_ database: Int) {
        for version in [RESPVersion.resp2, .resp3] {
            var handshake = Handshake(someSettings(database: database, version: version))
            #expect(text(handshake.start()).hasSuffix(text(command("SELECT \(database)"))))
        }
    }

    @Test func `it is over when every question is answered, not before`() {
        var handshake = Handshake(someSettings(clientName: "app"))
        _ = handshake.start()
        #expect(handshake.receive(hello + "+OK\r\n+OK\r\n").isWait)
        #expect(handshake.receive("+OK\r\n").agreed == .resp3)
    }

    @Test func `RESP2 by choice says no HELLO and ends in RESP2`() {
        var handshake = Handshake(
            someSettings(username: "ann", password: "sesame", clientName: "app", version: .resp2))
        #expect(!text(handshake.start()).contains("HELLO"))
        #expect(handshake.receive("+OK\r\n+OK\r\n+OK\r\n+OK\r\n:77\r\n").isWait)
        #expect(handshake.receive("+OK\r\n").agreed == .resp2)
        #expect(handshake.clientID == 77)
    }

    @Test func `a server that does not know SETINFO, or denies it, is as good as any`() {
        for error in [
            "-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'. Try CLIENT HELP.\r\n",
            "-NOPERM this user has no permissions to run the 'client|setinfo' command\r\n",
        ] {
            for version in [RESPVersion.resp2, .resp3] {
                var handshake = Handshake(someSettings(version: version))
                _ = handshake.start()
                let greeting = version == .resp3 ? hello : ""
                let identity = version == .resp2 ? error : ""
                #expect(handshake.receive(greeting + error + error + identity + "+OK\r\n").agreed == version)
                #expect(handshake.clientID == nil)
            }
        }
    }

    @Test func `HELLO names the id of the connection`() {
        var handshake = Handshake(someSettings())
        _ = handshake.start()
        let hello = "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:42\r\n"
        #expect(handshake.receive(hello + "+OK\r\n+OK\r\n+OK\r\n").agreed == .resp3)
        #expect(handshake.clientID == 42)
    }

    @Test func `a failed handshake stays failed, whatever else the server says`() {
        var handshake = Handshake(someSettings())
        _ = handshake.start()
        #expect(handshake.receive("-NOPERM no HELLO for you\r\n").failure?.reason == .permissionDenied)
        #expect(handshake.receive("+OK\r\n+OK\r\n+OK\r\n").isWait)
        #expect(handshake.receive("+OK\r\n+one more than was asked for\r\n").isWait)
    }
}
