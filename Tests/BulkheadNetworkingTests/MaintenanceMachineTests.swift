@testable import BulkheadNetworking
import BulkheadRESP
import Testing

/// What follows from announcements of maintenance; time is an argument.
@Suite struct `Announcements of maintenance` {
    static let now = Moment(nanoseconds: 1_000_000_000_000)

    @discardableResult
    private static func hear(
        _ machine: inout MaintenanceMachine, _ word: String, _ number: Int64, _ rest: RESPValue...,
        from server: Endpoint? = nil
    ) throws -> MaintenanceMachine.Step {
        let push = RESPValue.push(RESPArray([.bulkString(RESPBytes(word)), .integer(number)] + rest))
        let (id, message) = try #require(MaintenanceMessage.read(push, from: server))
        return machine.heard(id, message, at: now)
    }

    @Test func `the end of one move of slots leaves the others their time`() throws {
        var machine = MaintenanceMachine(isOfCluster: true)
        try Self.hear(&machine, "SMIGRATING", 1)
        try Self.hear(&machine, "SMIGRATING", 2)
        #expect(try Self.hear(&machine, "SMIGRATED", 3) == .askForMap)
        #expect(machine.isRelaxed(at: Self.now))
        #expect(try Self.hear(&machine, "SMIGRATED", 4) == .askForMap)
        #expect(!machine.isRelaxed(at: Self.now))
    }

    @Test func `a move whose end came first over another connection gives no more time`() throws {
        var machine = MaintenanceMachine(isOfCluster: true)
        #expect(try Self.hear(&machine, "SMIGRATED", 2) == .askForMap)
        try Self.hear(&machine, "SMIGRATING", 1)
        #expect(!machine.isRelaxed(at: Self.now))
    }

    @Test func `a shorter announcement does not end a longer one early`() throws {
        var machine = MaintenanceMachine()
        try Self.hear(&machine, "MIGRATING", 1, .integer(60))
        try Self.hear(&machine, "MOVING", 2, .integer(5), .null)
        #expect(machine.isRelaxed(at: Self.now + .seconds(30)))
    }

    @Test(arguments: [Int64.max, .min])
    func `times and numbers may be any number`(_ number: Int64) throws {
        for isOfCluster in [false, true] {
            var machine = MaintenanceMachine(isOfCluster: isOfCluster)
            let place = RESPValue.bulkString(RESPBytes("10.0.0.1:6379"))
            try Self.hear(&machine, "MOVING", 1, .integer(number), place)
            try Self.hear(&machine, "MIGRATING", 2, .integer(number))
            try Self.hear(&machine, "SMIGRATING", number)
            #expect(machine.isRelaxed(at: Self.now))
        }
    }

    @Test func `each server of a cluster numbers what it says of itself, and moves of slots are said by all`() throws {
        let servers = [7000, 7001].map { Endpoint.tcp(host: "a", port: $0) }
        var machine = MaintenanceMachine(isOfCluster: true)
        for server in servers {
            let step = try Self.hear(&machine, "MOVING", 1, .integer(10), .null, from: server)
            #expect(step == .retireAfter(.seconds(5)))
        }
        #expect(try Self.hear(&machine, "SMIGRATED", 2, from: servers[0]) == .askForMap)
        #expect(try Self.hear(&machine, "SMIGRATED", 2, from: servers[1]) == .nothing)
    }
}
