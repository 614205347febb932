// A process that owns test servers and ends badly, for BulkheadTestServerTests.
// Usage: CrashingOwner FOLDER wait|abort|exit|churn
// Prints the server's folder and process, and then: waits to be killed; aborts; exits without stopping its server;
// or starts and stops servers until it is killed, which hits it at any moment of their lives.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif
import BulkheadTestServer

let options = RedisTestServer.Options(folderParent: CommandLine.arguments[1])
let server = try RedisTestServer.start(options)
print(server.folder)
print(server.processIdentifier ?? 0)
fflush(nil)

switch CommandLine.arguments[2] {
case "abort": abort()
case "exit": exit(0)
case "churn": while true { try RedisTestServer.start(options).stop() }
default: while true { pause() }
}
