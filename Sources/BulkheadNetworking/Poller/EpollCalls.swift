#if os(Linux)
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Linux's epoll functions, looked up by name: see epoll(7).
struct EpollCalls: Sendable {
    enum Operation: Int32 {
        case add = 1
        case change = 3
    }

    private typealias Create = @convention(c) (_ flags: Int32) -> Int32
    private typealias Control = @convention(c) (Int32, Int32, Int32, UnsafeMutableRawPointer?) -> Int32
    private typealias Wait = @convention(c) (Int32, UnsafeMutableRawPointer?, Int32, Int32) -> Int32

    private let createCall: Create
    private let controlCall: Control
    private let waitCall: Wait

    /// Nil where they are not found.
    init?() {
        guard let create = dlsym(nil, "epoll_create1"), let control = dlsym(nil, "epoll_ctl"),
            let wait = dlsym(nil, "epoll_wait")
        else { return nil }
        createCall = unsafeBitCast(create, to: Create.self)
        controlCall = unsafeBitCast(control, to: Control.self)
        waitCall = unsafeBitCast(wait, to: Wait.self)
    }

    /// A new queue, closed when the process executes another program; below zero if there can be none.
    func create() -> Int32 { createCall(0o2_000_000) }

    func control(_ queue: Int32, _ operation: Operation, _ socket: Int32, _ event: EpollEvent) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: EpollEvent.size, alignment: 8) { space in
            event.store(to: space.baseAddress!)
            return controlCall(queue, operation.rawValue, socket, space.baseAddress) == 0
        }
    }

    /// None when the time is over (negative: no limit), or a signal came.
    func wait(_ queue: Int32, most: Int, milliseconds: Int32) -> [EpollEvent] {
        withUnsafeTemporaryAllocation(byteCount: most * EpollEvent.size, alignment: 8) { space in
            let count = waitCall(queue, space.baseAddress, Int32(most), milliseconds)
            return (0..<max(0, Int(count))).map { EpollEvent(at: space.baseAddress! + $0 * EpollEvent.size) }
        }
    }
}

/// The kernel's `struct epoll_event`: 32 bits of events and 64 of ours, which are the socket and a number.
struct EpollEvent: Sendable, Hashable {
    static let readable: UInt32 = 0x1
    static let writable: UInt32 = 0x4
    /// After one event nothing more is reported until it is asked for again.
    static let once: UInt32 = 1 << 30

    #if arch(x86_64)
    // Packed there, so that programs of 32 bits have the same.
    static let size = 12
    private static let offset = 4
    #else
    static let size = 16
    private static let offset = 8
    #endif

    let events: UInt32
    let descriptor: Int32
    let number: UInt32

    init(_ events: UInt32, descriptor: Int32, _ number: UInt32) {
        self.events = events
        self.descriptor = descriptor
        self.number = number
    }

    init(at pointer: UnsafeMutableRawPointer) {
        events = pointer.loadUnaligned(as: UInt32.self)
        descriptor = pointer.loadUnaligned(fromByteOffset: Self.offset, as: Int32.self)
        number = pointer.loadUnaligned(fromByteOffset: Self.offset + 4, as: UInt32.self)
    }

    func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: events, as: UInt32.self)
        pointer.storeBytes(of: descriptor, toByteOffset: Self.offset, as: Int32.self)
        pointer.storeBytes(of: number, toByteOffset: Self.offset + 4, as: UInt32.self)
    }

    /// A socket that has failed or ended is ready for everything.
    var readiness: Readiness {
        if events & ~(Self.readable | Self.writable) != 0 { return .all }
        var readiness: Readiness = []
        if events & Self.readable != 0 { readiness.insert(.readable) }
        if events & Self.writable != 0 { readiness.insert(.writable) }
        return readiness
    }
}
#endif
