using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>The single-operator tests of the ONNX backend suite through generated float32 code.</summary>
public class ConformanceTests
{
    private const double Required = 0.95;

    [Fact]
    public void GeneratedCodePassesTheOnnxSuite()
    {
        SharedAssets.Require();
        ConformanceResult[] listed = ConformanceRun.Run([.. ConformanceCase.All(ConformanceCase.Operators)]);
        ConformanceResult[] further = ConformanceRun.Run([.. ConformanceCase.All(ConformanceCase.FurtherOperators)]);
        AssertEnough(listed);
        AssertEnough(further);

        string path = Path.Combine(SharedAssets.RepositoryRoot, "docs", "operators.md");
        string document = OperatorDocument.Render(listed, further);
        if (Environment.GetEnvironmentVariable("UPDATE_BASELINES") == "1")
            File.WriteAllText(path, document);
        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == document,
            "docs/operators.md is not up to date: run this test with UPDATE_BASELINES=1");
    }

    private static void AssertEnough(ConformanceResult[] results)
    {
        ConformanceResult[] failed = [.. results.Where(r => r.Failure is not null)];
        Assert.NotEmpty(results);
        Assert.True(
            results.Length - failed.Length >= Required * results.Length,
            $"{failed.Length} of {results.Length} failed\n" + string.Join("\n", failed.Select(r => $"{r.Case.Test}: {r.Failure}")));
    }
}
