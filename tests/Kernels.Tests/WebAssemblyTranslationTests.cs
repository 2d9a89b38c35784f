using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// What the kernels' source must not say because .NET 10 translates it badly when it compiles ahead of time for WebAssembly. Without the
/// SDK's workload no test runs such code, and a slow inner loop gives the right bytes.
/// </summary>
public sealed class WebAssemblyTranslationTests
{
    /// <summary>Calls through memory, where <c>PackedSimd</c> has an instruction: only <see cref="LaneShifts"/> may name them.</summary>
    private static readonly string[] Calls =
    [
        "Vector128.ShiftLeft(", "Vector128.ShiftRightLogical(", "Vector128.ShiftRightArithmetic(",
    ];

    [Fact]
    public void Lanes_are_shifted_by_instructions_that_WebAssembly_has()
    {
        string kernels = Path.Combine(SharedAssets.RepositoryRoot, "src", "Kernels");
        string[] naming =
        [
            .. Directory.EnumerateFiles(kernels, "*.cs", SearchOption.AllDirectories)
                .Where(file => Calls.Any(File.ReadAllText(file).Contains))
                .Select(file => Path.GetFileName(file)),
        ];

        Assert.Equal(["LaneShifts.cs"], naming);
    }
}
