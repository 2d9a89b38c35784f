using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>The single-operator tests of the ONNX backend suite through generated float32 code.</summary>
public class ConformanceTests
{
    [SharedFact]
    public void GeneratedCodePassesTheOnnxSuite()
    {
        ConformanceResult[] results = ConformanceRun.Run([.. ConformanceCase.All()]);
        File.WriteAllLines("/tmp/conf.txt", results.Where(r => r.Failure is not null).Select(r => $"{r.Case.Test}: {r.Failure}").Append($"{results.Count(r => r.Failure is null)}/{results.Length}"));
        Assert.True(results.Count(r => r.Failure is null) >= 0.95 * results.Length);
    }
}
