using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>digests</c>: digests of the weights, of the plan and of the generated code's predictions for each model, in <c>Auto</c> and in
/// <c>Float32</c>. A change that moves code without changing what it computes leaves weights and predictions as they are:
/// run it before with <c>--json FILE</c> and afterwards with <c>--against FILE</c>.
/// </summary>
internal sealed class DigestsCommand : BenchCommand
{
    private const int Samples = 16;

    private static readonly Table<DigestRow> Columns = new(
        new("model", r => r.Model, Width: 34),
        new("precision", r => r.Precision),
        new("weights", r => r.Weights, Width: 16),
        new("predictions", r => r.Predictions, Width: 16),
        new("plan", r => r.Plan, Width: 16));

    private readonly ModelSelection _models;
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Write the digests to this file", HelpName = "FILE" };
    private readonly Option<FileInfo> _against = new Option<FileInfo>("--against")
    {
        Description = "Compare with the digests that an earlier --json wrote to this file",
        HelpName = "FILE",
    }.AcceptExistingOnly();

    /// <summary>Declares the command and its options.</summary>
    public DigestsCommand()
        : base("digests", "Digests of weights, plans and predictions, to be compared across a change; exit code 1 where they differ")
    {
        _models = new(this, hasPrecision: false);
        Add(_json);
        Add(_against);
        Frameworks = new(this);
    }

    /// <inheritdoc/>
    /// <returns>1 where weights or predictions differ from those of the earlier run.</returns>
    protected override int Run(ParseResult line)
    {
        List<DigestRow> rows = Columns.Print(
            from model in _models.Of(line)
            from precision in (string[])["Auto", "Float32"]
            select Digest(model.With("Precision", precision), precision));
        if (line.GetValue(_json) is { } json)
            File.WriteAllText(json.FullName, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        return line.GetValue(_against) is { } earlier
            ? Compare(JsonSerializer.Deserialize<List<DigestRow>>(File.ReadAllText(earlier.FullName), Json.Format)!, rows)
            : 0;
    }

    private static int Compare(List<DigestRow> before, List<DigestRow> after)
    {
        var known = before.ToDictionary(r => (r.Model, r.Precision));
        int compared = 0, different = 0, plans = 0;
        foreach (DigestRow row in after)
        {
            if (!known.TryGetValue((row.Model, row.Precision), out DigestRow? old))
                continue;
            compared++;
            if (old.Plan != row.Plan)
                plans++;
            if (old.Weights == row.Weights && old.Predictions == row.Predictions)
                continue;
            different++;
            Console.WriteLine(
                $"DIFFERENT {row.Model} {row.Precision}: weights {old.Weights} -> {row.Weights}, "
                + $"predictions {old.Predictions} -> {row.Predictions}");
        }
        Console.WriteLine($"{compared} compared, {different} with other weights or predictions, {plans} with another text of the plan");
        return different == 0 && compared > 0 ? 0 : 1;
    }

    private static DigestRow Digest(BenchModel model, string precision)
    {
        CompilationOutcome outcome;
        try
        {
            outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        }
        catch (ModelException e)
        {
            return new(model.Name, precision, e.Diagnostic.Descriptor.Code, "", "");
        }
        ModelPlan plan = outcome.Plan;
        if (plan.Strings.Count > 0)
            return new(model.Name, precision, "strings", "", "");
        Predictor predictor = PredictorBuild.Load(outcome);
        using var predictions = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int sample = 0; sample < Samples; sample++)
        {
            for (int i = 0; i < plan.Inputs.Count; i++)
                predictor.Set(i, PatternInput.Noise(plan.Inputs[i].Length, plan.Inputs[i].Type.Keyword(), (sample * 31) + i));
            predictor.Run();
            for (int i = 0; i < plan.Outputs.Count; i++)
            {
                Array values = predictor.Output(i);
                var bytes = new byte[Buffer.ByteLength(values)];
                Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
                predictions.AppendData(bytes);
            }
        }
        return new(
            model.Name, precision, Short(SHA256.HashData(outcome.Weights)), Short(predictions.GetHashAndReset()),
            Short(SHA256.HashData(Encoding.UTF8.GetBytes(PlanWriter.Write(plan)))));
    }

    private static string Short(byte[] hash) => Convert.ToHexStringLower(hash)[..16];
}

/// <summary>The digests of one model (the first 16 hexadecimal digits of SHA-256).</summary>
/// <param name="Model">The model.</param>
/// <param name="Precision">The precision asked for.</param>
/// <param name="Weights">Of the packed weights; the diagnostic's code where the model does not build.</param>
/// <param name="Predictions">Of all outputs on seeded inputs.</param>
/// <param name="Plan">Of the plan's text.</param>
internal sealed record DigestRow(string Model, string Precision, string Weights, string Predictions, string Plan);
