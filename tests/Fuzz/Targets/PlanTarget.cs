using System.Text;
using Microsoft.CodeAnalysis;
using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Harness;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>
/// Plans and weights given to the generator: a plan is refused with a diagnostic, or the generated code compiles without a warning. An
/// input
/// is a plan's text; behind a zero byte there may be weights, with which the code of an undamaged plan must refuse to run where they are
/// not
/// the build's. Code of a damaged plan is never run: its offsets are trusted.
/// </summary>
internal sealed class PlanTarget : FuzzTarget
{
    private static readonly TextMutation Mutation = new("step", "Int8Dense", "Run", "Float32", "String", "class", "Predict", "System",
        "name",
        "none", "many", "public", "signature", "probabilities", "strings", "Workspace", "Label", "input", "output", "weights");

    private readonly Lazy<IReadOnlyList<PlannedModel>> _models = new(Compile);

    // Those that can run.
    private List<PlannedModel> Whole => [.. _models.Value.Where(m => m.Weights.Length > 0 && m.Plan.Namespace == "Generated")];

    /// <summary>The target.</summary>
    public PlanTarget()
        : base("plan", ".plan")
    {
    }

    /// <inheritdoc/>
    public override TimeSpan Deadline => TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public override long MostBytes => 1L << 30;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds() =>
    [
        .. _models.Value.Select(m => Encoding.UTF8.GetBytes(PlanWriter.Write(m.Plan))),
        .. Whole.Take(2).Select(WithWeights),
    ];

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        int end = Array.IndexOf(input, (byte)0);
        if (end < 0)
            return random.Next(300) == 0 ? WithWeights(Whole[random.Next(Whole.Count)]) : Mutation.Of(input, others, random);
        return [.. input[..(end + 1)], .. ByteMutation.Of(input[(end + 1)..], [], random)];
    }

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        int end = Array.IndexOf(input, (byte)0);
        string text = Encoding.UTF8.GetString(end < 0 ? input : input[..end]);
        if (end >= 0 && Whole.FirstOrDefault(m => PlanWriter.Write(m.Plan) == text) is { } whole)
            return Load(whole, input[(end + 1)..]);
        GeneratedProject project = new ConsumerProject { Plans = [text] }.Generate();
        _ = project.Files;
        Diagnostic[] refusals = [.. project.GeneratorDiagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)];
        if (refusals.FirstOrDefault(d => !d.Id.StartsWith("OPT", StringComparison.Ordinal)) is { } foreign)
            throw new ContractException("the generator says " + foreign);
        if (refusals.Length > 0)
            return new(false, refusals[0].Id + " " + MessageShape.Of(refusals[0].GetMessage(null)));
        string? complaint = Complaint(project, cancellation);
        return complaint is null ? new(true, "compiles, " + project.Files.Count + " files") : throw new ContractException(complaint);
    }

    // The kernels compile by themselves (a test of theirs); what a plan can spoil is the code around them.
    private static string? Complaint(GeneratedProject project, CancellationToken cancellation) => project.Compilation.SyntaxTrees
        .Where(tree => !Path.GetFileName(tree.FilePath).StartsWith("OptimizerBuild.Kernels.", StringComparison.Ordinal))
        .SelectMany(tree => project.Compilation.GetSemanticModel(tree).GetDiagnostics(null, cancellation))
        .FirstOrDefault(d => d.Severity >= DiagnosticSeverity.Warning)?.ToString();

    private static byte[] WithWeights(PlannedModel model) => [.. Encoding.UTF8.GetBytes(PlanWriter.Write(model.Plan)), 0, .. model.Weights];

    private static Verdict Load(PlannedModel model, byte[] weights)
    {
        bool isWhole = weights.AsSpan().SequenceEqual(model.Weights);
        using var generated = GeneratedModels.Compile(model with { Weights = weights });
        try
        {
            generated.Run(0, [.. model.Plan.Inputs.Select(i => Graphs.Tensor.Zeros(
                Graphs.TensorType.Of(Evaluation.PlanExecutor.ToElement(i.Type), [.. i.Dimensions])))]);
        }
        catch (Exception e) when (!isWhole && Cause(e) is InvalidDataException cause)
        {
            return new(false, MessageShape.Of(cause.Message));
        }
        return isWhole ? new(true, "whole weights") : throw new ContractException("damaged weights are believed");
    }

    private static Exception Cause(Exception e) => e is TypeInitializationException { InnerException: { } inner } ? Cause(inner) : e;

    // Plans of all sorts: integers and floats, several outputs, control flow, a classifier with labels, a signature.
    private static List<PlannedModel> Compile()
    {
        using var folder = new TemporaryFolder();
        var models = new List<PlannedModel>();
        File.WriteAllText(folder["labels.txt"], "cat\ndog\nT-shirt/top\n");
        int control = Lowering.ControlFlowModels.All().First(m => m.Model.Model.Graph.Node.Any(n => n.OpType == "Loop")) is { } loop
            ? Write(loop.Model.Bytes) : 0;
        int[] files = [.. Onnx.SeedModels.Own().Take(6).Select(Write), control];
        foreach (int file in files)
        {
            var options = new ModelOptions
            {
                ModelPath = folder[file + ".onnx"],
                Name = "seed" + file,
                ClassName = "Seed",
                Namespace = "Generated",
                IsPublic = true,
                Precision = file % 2 == 0 ? ModelPrecision.Float32 : ModelPrecision.Auto,
                LabelsPath = file == 2 ? folder["labels.txt"] : null,
                Task = file == 2 ? ModelTask.Classification : ModelTask.Auto,
            };
            CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
            models.Add(new(outcome.Plan, outcome.Weights));
            if (file == 2)
                models.Add(new(ModelCompiler.DescribeSignature(options), []));
        }
        models.Add(new(HandMadeModels.Classifier(), HandMadeModels.Weights()));
        return models;

        int Write(byte[] bytes)
        {
            int number = Directory.GetFiles(folder.Path, "*.onnx").Length + 1;
            File.WriteAllBytes(folder[number + ".onnx"], bytes);
            return number;
        }
    }
}
