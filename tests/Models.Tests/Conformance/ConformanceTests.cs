using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>The tests of the ONNX backend suite that ONNX Runtime passes, through generated float32 code.</summary>
public class ConformanceTests
{
    [Fact]
    public void GeneratedCodePassesTheOnnxSuite()
    {
        SharedAssets.Require();
        ConformanceResult[] results = ConformanceRun.Run([.. ConformanceCase.All()]);

        string path = Path.Combine(SharedAssets.RepositoryRoot, "docs", "operators.md");
        string document = OperatorDocument.Render(results);
        if (Environment.GetEnvironmentVariable("UPDATE_BASELINES") == "1")
            File.WriteAllText(path, document);
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == document,
            "docs/operators.md is not up to date: run this test with UPDATE_BASELINES=1");
        // Whatever is not supported yet is refused by a coded error; what builds is right.
        string[] wrong = [.. results.Where(r => r.Failure is { } failure && !failure.StartsWith("OPT", StringComparison.Ordinal))
            .Select(r => $"{r.Case.Test}: {r.Failure}")];
        Assert.True(wrong.Length == 0, string.Join("\n", wrong));
    }
}
