// Reads in bulk, in turns by a loop and by DispatchIO: what a backup does with a socket, and a restore with a file.
// Architecture, "What runs where", has the figures that decided for the loop.
//
//   swift run -c release BulkheadBulkReadingBenchmark            512 MiB each, 5 rounds
//   swift run -c release BulkheadBulkReadingBenchmark 2048       2,048 MiB each
//
// Both hold a bounded number of blocks: DispatchIO is asked for the next one only when the last has come whole. What is
// read is looked at once, eight bytes at a time. Prints MiB/s, and milliseconds of processor time of the whole process,
// which for a socket includes the writer at its other end.
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
let streamSocket = Int32(SOCK_STREAM.rawValue)
#elseif canImport(Musl)
import Musl
let streamSocket = SOCK_STREAM
#elseif canImport(Darwin)
import Darwin
let streamSocket = SOCK_STREAM
#endif

let mebibytes = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 512
let rounds = 5

/// One end of a socket pair, into whose other end a thread writes so many bytes.
func openSocket(_ bytes: Int) -> Int32 {
    var ends: [Int32] = [-1, -1]
    precondition(socketpair(AF_UNIX, streamSocket, 0, &ends) == 0, "no socket is left")
    let theirs = ends[1]
    DispatchQueue(label: "writer").async {
        let block = [UInt8](repeating: 7, count: 16 << 10)
        var left = bytes
        while left > 0 {
            let count = write(theirs, block, min(left, block.count))
            if count <= 0 { break }
            left -= count
        }
        close(theirs)
    }
    return ends[0]
}

/// What stands for the work on a block: a sum of it.
@inline(never) func look(at bytes: UnsafeRawBufferPointer, _ sum: inout UInt64) {
    for offset in stride(from: 0, to: bytes.count & ~7, by: 8) {
        sum = (sum &* 31) &+ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}

func readByLoop(_ descriptor: Int32, _ block: Int, _ sum: inout UInt64) -> Int {
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 16)
    defer {
        space.deallocate()
        close(descriptor)
    }
    var total = 0
    while true {
        let count = read(descriptor, space.baseAddress, block)
        if count <= 0 { return total }
        look(at: UnsafeRawBufferPointer(rebasing: space[..<count]), &sum)
        total += count
    }
}

/// `@unchecked`: the bytes never change.
struct Part: @unchecked Sendable {
    let data: DispatchData
}

/// What has come and was not looked at yet.
final class Arrivals: Sendable {
    let parts = Mutex<[Part]>([])
    let isOver = Atomic(false)
    let news = DispatchSemaphore(value: 0)
}

func readByDispatchIO(_ descriptor: Int32, _ block: Int, _ sum: inout UInt64) -> Int {
    let queue = DispatchQueue(label: "bulk")
    let channel = DispatchIO(type: .stream, fileDescriptor: descriptor, queue: queue) { _ in close(descriptor) }
    defer { channel.close() }
    channel.setLimit(highWater: block)
    let arrivals = Arrivals()
    func askForBlock() {
        channel.read(offset: 0, length: block, queue: queue) { isLast, data, _ in
            if let data, !data.isEmpty {
                let part = Part(data: data)
                arrivals.parts.withLock { $0.append(part) }
            }
            if isLast, data?.isEmpty ?? true { arrivals.isOver.store(true, ordering: .releasing) }
            arrivals.news.signal()
        }
    }
    askForBlock()
    var total = 0
    var missing = block
    while true {
        arrivals.news.wait()
        let isOver = arrivals.isOver.load(ordering: .acquiring)
        let parts = arrivals.parts.withLock { parts in
            defer { parts = [] }
            return parts
        }
        for part in parts {
            total += part.data.count
            missing -= part.data.count
            // Asked for before the work on what is here, so that the two go on together.
            if missing == 0 {
                missing = block
                askForBlock()
            }
            part.data.withUnsafeBytes { (bytes: UnsafePointer<UInt8>) in
                look(at: UnsafeRawBufferPointer(start: bytes, count: part.data.count), &sum)
            }
        }
        if isOver, parts.isEmpty { return total }
    }
}

func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let bytes = mebibytes << 20
let path = "/tmp/bulk-reading-\(getpid())"
let file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
// Written and not only made longer: a file of holes is read faster than any other.
let zeros = [UInt8](repeating: 0, count: 1 << 20)
for _ in 0..<mebibytes { precondition(write(file, zeros, zeros.count) == zeros.count, "no room for \(path)") }
close(file)
var sum: UInt64 = 0
for round in 1...rounds {
    for isSocket in [true, false] {
        for isLoop in [true, false] {
            let descriptor = isSocket ? openSocket(bytes) : open(path, O_RDONLY)
            // As much as the programs read at once.
            let block = isSocket ? 256 << 10 : 1 << 20
            let (start, processor) = (DispatchTime.now(), processorSeconds())
            let count = isLoop ? readByLoop(descriptor, block, &sum) : readByDispatchIO(descriptor, block, &sum)
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
            precondition(count == bytes, "\(count) of \(bytes) bytes came")
            print(
                "round \(round), \(isSocket ? "socket" : "file"), \(isLoop ? "loop" : "DispatchIO"):",
                "\(Int(Double(mebibytes) / seconds)) MiB/s,",
                "\(Int((processorSeconds() - processor) * 1_000)) ms of processor time")
        }
    }
}
unlink(path)
