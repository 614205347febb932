// Not part of the package: Tests/sanitize copies this file into each module of a copy of it, where these names then
// hide those of the standard library.
//
// The Thread Sanitizer sees what compiled code does, and calls of pthread and Dispatch. Swift's libraries are not
// compiled for it, so it misses the slow path of Synchronization's mutex and the way from a continuation's resume to
// the task behind it, and takes what they order for races. These two do the same where it can see it.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Synchronization's mutex by pthread.
struct Mutex<Value: ~Copyable>: ~Copyable {
    private let handle = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

    init(_ initial: consuming sending Value) {
        pthread_mutex_init(handle, nil)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(handle)
        handle.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(handle)
        defer { pthread_mutex_unlock(handle) }
        return try body(&value.pointee)
    }
}

extension Mutex: @unchecked Sendable where Value: ~Copyable {}

/// A continuation whose `resume` happens before what follows it in the task.
struct UnsafeContinuation<Value, Failure: Error>: Sendable {
    fileprivate let real: _Concurrency.UnsafeContinuation<Value, Failure>
    fileprivate nonisolated(unsafe) let mark: UnsafeRawPointer

    func resume(returning value: sending Value) where Failure == Never {
        release(mark)
        real.resume(returning: value)
    }

    func resume() where Value == Void, Failure == Never {
        release(mark)
        real.resume()
    }
}

nonisolated(nonsending) func withUnsafeContinuation<Value>(
    _ body: (UnsafeContinuation<Value, Never>) -> Void
) async -> sending Value {
    let mark = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    defer { mark.deallocate() }
    let value = await _Concurrency.withUnsafeContinuation {
        body(UnsafeContinuation(real: $0, mark: UnsafeRawPointer(mark)))
    }
    acquire(mark)
    return value
}

@_silgen_name("__tsan_acquire") private func acquire(_ mark: UnsafeRawPointer)
@_silgen_name("__tsan_release") private func release(_ mark: UnsafeRawPointer)
