using System.Globalization;
using System.Text.RegularExpressions;
using OptimizerBuild.Compression;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>Real models that learn in the build to give what they gave.</summary>
public sealed partial class RecoveryModelTests(ITestOutputHelper output)
{
    /// <summary>A network with a state, through time: in 60 steps half of what nine zeros of ten weights lost, and the integers learn, too.
    /// </summary>
    [Fact]
    public void ARecurrentNetworkLearns()
    {
        SharedAssets.Require();
        ModelOptions options = SharedModels.Options("fashion-gru") with
        {
            EvaluationData = null, Sparsity = 0.9, Precision = ModelPrecision.Int8, Recovery = true, RecoverySteps = 60,
        };
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        TechniqueAccount[] accounts = [.. compression.Run.Accounts.Where(a =>
            a.Technique.StartsWith("Recovery", StringComparison.Ordinal))];
        Assert.Equal(2, accounts.Length);
        foreach (TechniqueAccount account in accounts)
            output.WriteLine($"{account.Technique}: {string.Join("; ", account.Notes)}");
        (double before, double after) = Loss(accounts[0]);
        Assert.True(after < 0.5 * before, accounts[0].Notes[0]);
        (before, after) = Loss(accounts[1]);
        Assert.True(after < before, accounts[1].Notes[0]);
    }

    private static (double Before, double After) Loss(TechniqueAccount account)
    {
        Match match = LossLine().Match(account.Notes[0]);
        return (double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture),
            double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"loss on \d+ others (\S+) → (\S+?)[,;]")]
    private static partial Regex LossLine();
}
