using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>
/// The suite's recurrent layers through generated code, with weights that come with every call and with constant ones, which are packed.
/// </summary>
public class RecurrentTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RecurrentLayersPassTheOnnxSuite(bool constant)
    {
        SharedAssets.Require();
        ConformanceCase[] cases = [.. ConformanceCase.All()
            .Where(c => c.Model.Graph.Node.Any(n => n.Domain.Length == 0 && n.OpType is "LSTM" or "GRU" or "RNN"))
            .Select(c => constant ? c.WithWeightsFixed() : c)];
        Assert.Equal(9, cases.Length);
        ConformanceResult[] results = ConformanceRun.Run(cases);
        Assert.All(results, r => Assert.True(r.Failure is null, $"{r.Case.Test}: {r.Failure}"));
    }
}
