namespace OptimizerBuild.Testing;

/// <summary>
/// The SDK's workload <c>wasm-tools</c>, which brings Emscripten and what else it takes to compile apps for WebAssembly ahead of time.
/// </summary>
public static class WasmWorkload
{
    /// <summary>How long compiling an app may take: all of the framework's code that it needs goes through LLVM.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(60);

    private static readonly Lazy<bool> Installed = new(IsInstalled, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Skips the running test, with the reason, where the workload is not installed.</summary>
    public static void Require() =>
        Assert.SkipUnless(Installed.Value, "needs the SDK's workload wasm-tools ('dotnet workload install wasm-tools')");

    private static bool IsInstalled()
    {
        using var project = new TemporaryProject("workload");
        project.Write("workload.csproj", """
            <Project Sdk="Microsoft.NET.Sdk.WebAssembly">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
            </Project>
            """);
        return DotNet.Run(project.Folder, "msbuild", "-nologo", "-getProperty:WasmNativeWorkloadAvailable").Succeeded().Output.Trim()
            == "true";
    }
}
