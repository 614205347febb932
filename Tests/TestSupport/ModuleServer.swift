public import BulkheadTestServer
import Foundation

/// A Redis with the modules JSON, Bloom, TimeSeries and Search, as Tests/fetch-servers leaves it.
public enum ModuleServer {
    /// What starts it; nil where it was not fetched.
    public static let options: RedisTestServer.Options? = {
        let server = folder + "/redis-server"
        let modules = ["rejson", "redisbloom", "redistimeseries", "redisearch"].map { folder + "/" + $0 + ".so" }
        guard ([server] + modules).allSatisfy({ FileManager.default.isExecutableFile(atPath: $0) }) else { return nil }
        // TimeSeries wants an OpenSSL that current systems have no more; it lies beside it.
        return RedisTestServer.Options(
            binary: server, arguments: modules.flatMap { ["--loadmodule", $0] },
            launchPrefix: ["/usr/bin/env", "LD_LIBRARY_PATH=" + folder], startTimeout: .seconds(120))
    }()

    private static let folder = FetchedServers.folder + "/redis-stack-7.4.1"

    /// Why a test of it is skipped.
    public static let absence = "Tests/fetch-servers has fetched no Redis Stack 7.4.1"
}
