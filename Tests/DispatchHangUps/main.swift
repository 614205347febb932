// Shows why sockets are not watched by dispatch sources on Linux: libdispatch reads a source's memory after it has
// announced a hang-up, when another thread may have released the source already, and the process crashes.
//
//   swift run -c release BulkheadDispatchHangUps              20 runs of 50,000 hang-ups each
//   swift run -c release BulkheadDispatchHangUps 100          100 runs
//
// A run is a process of its own, with three busy threads. In it eight chains of connections each do, again and again:
// make a source for one end of a socket pair, close the other end, cancel the source in its event handler, and close
// the first end in its cancel handler, which is what the documentation asks for. Prints what became of each run; exit
// code 1 if one crashed or stood still, 0 if none did.
import Dispatch
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

#if canImport(Glibc)
let streamSocket = Int32(SOCK_STREAM.rawValue)
#else
let streamSocket = SOCK_STREAM
#endif
let dontWait = Int32(MSG_DONTWAIT)

let hangUps = 50_000
let chains = 8
let busyThreads = 3

/// Connections one after the other, each hung up on.
final class Chain: @unchecked Sendable {
    private var left: Int
    private let ended: DispatchGroup

    init(of count: Int, _ ended: DispatchGroup) {
        (left, self.ended) = (count, ended)
        ended.enter()
    }

    func next() {
        if left == 0 { return ended.leave() }
        left -= 1
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, streamSocket, 0, &ends) == 0, "no sockets are left")
        let (ours, theirs) = (ends[0], ends[1])
        let source = DispatchSource.makeReadSource(fileDescriptor: ours, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            _ = recv(ours, &byte, 1, dontWait)
            source.cancel()
        }
        source.setCancelHandler { [self] in
            close(ours)
            next()
        }
        source.resume()
        DispatchQueue.global().async { close(theirs) }
    }
}

func runOnce() -> Never {
    for _ in 0..<busyThreads { Thread.detachNewThread { while true { sched_yield() } } }
    let ended = DispatchGroup()
    for _ in 0..<chains { Chain(of: hangUps / chains, ended).next() }
    exit(ended.wait(timeout: .now() + .seconds(300)) == .success ? 0 : 2)
}

if CommandLine.arguments.dropFirst().first == "once" { runOnce() }

let runs = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
var crashes = 0
var standstills = 0
for number in 1...max(1, runs) {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
    child.arguments = ["once"]
    // The runtime would print pages about each crash.
    child.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    child.standardError = FileHandle.nullDevice
    try child.run()
    child.waitUntilExit()
    switch (child.terminationReason, child.terminationStatus) {
    case (.exit, 0): print("run \(number): survived \(hangUps) hang-ups")
    case (.exit, _):
        standstills += 1
        print("run \(number): stood still, an event was lost")
    case (_, let signal):
        crashes += 1
        print("run \(number): crashed by signal \(signal)")
    }
    fflush(nil)
}
print("\(crashes) of \(max(1, runs)) runs crashed, \(standstills) stood still")
exit(crashes + standstills == 0 ? 0 : 1)
