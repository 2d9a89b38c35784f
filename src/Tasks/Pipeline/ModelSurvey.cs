using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// What a model consists of and how it would run, without any data: for whoever wants to know before a model is compressed. Which layers
/// the calibration would keep in float32 because integers are too coarse, only a build tells.
/// </summary>
internal static class ModelSurvey
{
    /// <summary>Describes a model.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ModelException">The model cannot be imported, or nodes have no kernel: all of them at once.</exception>
    public static SurveyedModel Of(ModelOptions options, CancellationToken cancellation)
    {
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options), cancellation);
        Graph graph = PassPipeline.Run(imported.Graph, cancellation);
        RuleTargets.Require(options.Layers, graph);
        _ = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions { ClassName = options.ClassName }, cancellation);

        SurveyedNode[] nodes = Nodes(graph, options);
        string[] head =
        [
            Line($"{options.Name} ({imported.SourceFile}, {imported.SourceBytes:N0} bytes)"),
            .. imported.Graph.Inputs.Select(input => Line($"  input   {input}: {imported.Graph.TypeOf(input)}")),
            .. imported.Graph.Outputs.Select(output => Line($"  output  {output}: {imported.Graph.TypeOf(output)}")),
            Line($"  operators: {Counts(imported.Graph)}"),
            Line($"  after fusion: {Counts(graph)}"),
            Line($"  {nodes.Sum(r => r.Macs):N0} multiply-accumulates, {imported.FloatWeightBytes:N0} bytes of floating-point weights"),
        ];
        return new(head, nodes);

        static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
    }

    private static string Counts(Graph graph) => string.Join(", ", graph.Nodes.GroupBy(n => n.OpType, StringComparer.Ordinal)
        .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key} {g.Count()}")));

    private static SurveyedNode[] Nodes(Graph graph, ModelOptions options) =>
        options.IsFloat32 ? Nodes(new QuantizableGraph(graph), _ => "float32")
        : PrequantizedModel.Is(graph) ? OwnScaleNodes(graph, options) : MeasuredNodes(new(graph), options);

    private static SurveyedNode[] Nodes(QuantizableGraph graph, Func<QuantizableNode, string> form) =>
    [.. graph.Nodes.Select(n => new SurveyedNode(
        n.Node.Name,
        n.Node.OpType,
        graph.Graph.TypeOf(n.Node.Outputs.First(o => o.Length > 0)).ToString(),
        n.MultiplyAccumulates,
        n.Node.Inputs.Where(graph.Graph.IsConstant).Distinct(StringComparer.Ordinal).Sum(i => (long)graph.Graph.Constant(i)!.Count),
        form(n)))];

    // Nothing is measured where the model says what scales it has: what is planned here is what a build plans.
    private static SurveyedNode[] OwnScaleNodes(Graph graph, ModelOptions options)
    {
        (Graph planned, GraphQuantization quantization) = PrequantizedModel.Quantize(graph, QuantizationTechnique.ChoiceOf(options));
        var known = new QuantizableGraph(planned);
        return Nodes(known, n => quantization.Nodes[n.Node.Name] is { Integer: false } node ? "float32: " + node.Reason
            : (DynamicRange.IsDivided(known.Producer(n.Node.Inputs[0])?.Node)
                ? "int8, its input scaled at run time: " : "int8 with the model's own scales: ") + FormOf(n.Form));
    }

    private static SurveyedNode[] MeasuredNodes(QuantizableGraph candidates, ModelOptions options)
    {
        var integers = new IntegerNodes(candidates);
        integers.RemoveReadRows();
        foreach (QuantizableNode node in candidates.Nodes)
            if (options.Layers.PrecisionOf(node.Node.Name) is var given && (given ?? options.Precision) == ModelPrecision.Float32)
                integers.Remove(node, given is null ? "Precision=Float32" : "Layers says Float32");
        if (options.Precision != ModelPrecision.Int8)
            integers.Settle();
        return Nodes(candidates, n =>
            integers.Contains(n) ? "int8 if accurate enough: " + FormOf(n.Form) : "float32: " + integers.Reason(n));
    }

    private static string FormOf(IntegerForm form) => form switch
    {
        IntegerForm.DotProduct or IntegerForm.Product => "sums of products",
        IntegerForm.Table => "table",
        IntegerForm.Rescale => "rescaled",
        IntegerForm.SameScale => "moved",
        IntegerForm.FixedPoint => "fixed point",
        IntegerForm.Recurrent => "products with the state",
        IntegerForm.Levels => "bytes handed over",
        _ => form.ToString(),
    };
}
