using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Turns a compressed graph into kernel calls over a planned arena and packed weights: the last step before the plan.</summary>
internal static class GraphLowerer
{
    /// <summary>Lowers a model.</summary>
    /// <param name="model">The graph after all passes, with its quantisation.</param>
    /// <param name="options">How callers pass inputs.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    /// <exception cref="ModelException">A node has no kernel, or memory would exceed 2 GB.</exception>
    public static LoweredModel Lower(CompressedModel model, BoundaryOptions options, CancellationToken cancellation = default)
    {
        Graph graph = model.Graph;
        var context = new LoweringContext(graph, model.Annotation<GraphQuantization>());
        var binder = new InputBinder(context, options);
        InputSignature[] signatures = [.. graph.Inputs.Select(i => InputSignature.Of(graph, i, options))];
        var bindings = new LoweredStep?[signatures.Length];
        for (int i = 0; i < bindings.Length; i++)
        {
            bindings[i] = binder.Bind(graph.Inputs[i], signatures[i]);
            context.FillBorders(graph.Inputs[i]);
        }

        foreach (Node node in graph.Nodes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (binder.Absorbed.Contains(node))
                continue;
            LoweringForm form = context.IsInteger(node) ? LoweringForm.Integer : LoweringForm.Native;
            NodeLowering lowering = NodeLowerings.Find(form, node)
                ?? throw LoweringContext.NoKernel(node, form == LoweringForm.Integer ? "it has no integer kernel"
                    : "it has no float32 kernel");
            try
            {
                lowering.Lower(context, node);
            }
            catch (Exception e) when (InternalFault.PassesBy(e, "lowering", $"'{node.Name}' ({node.OpType})"))
            {
                throw;
            }
            context.FillBorders(node.Name);
        }

        Storage[] outputs = [.. graph.Outputs.Select(o => OutputStorage(context, o))];
        MemoryPlan memory = MemoryPlanner.Plan(context.Buffers, context.Steps);
        Dictionary<ArenaBuffer, int> offsets = memory.Buffers.ToDictionary(b => b.Buffer, b => b.Offset);
        PredictorNames names = PredictorNames.Of(options.ClassName, graph.Inputs, graph.Outputs);
        var lowered = new LoweredModel(
            new(graph.Inputs.Select((input, i) => new PlanInput(
                input, names.InputParameters[i], signatures[i].Type, new(signatures[i].Dimensions), bindings[i]?.Resolve(OffsetOf)))),
            new(graph.Outputs.Select((output, i) => new PlanOutput(
                output, names.OutputProperties[i], names.OutputParameters[i], OutputType(graph, output), new(outputs[i].Dimensions),
                OffsetOf(outputs[i].Buffer!) + outputs[i].Origin))),
            new(context.Steps.Select(s => s.Resolve(OffsetOf))),
            new(memory.Buffers.Select(b => new PlanBuffer(b.Buffer.Name, b.Offset, b.Buffer.Bytes, b.First, b.Last, b.SharesWith))),
            memory.ArenaBytes,
            context.Weights.ToArray(),
            context.PairSumsBounded.ToImmutableSortedDictionary(StringComparer.Ordinal),
            [.. context.Sections],
            CostModel.Nanoseconds(context.Steps, context.Sections));
        PlanVerifier.Verify(lowered);
        return lowered;

        // No step writes a buffer without elements; any place will do.
        int OffsetOf(ArenaBuffer buffer) => buffer.Bytes == 0 ? offsets.GetValueOrDefault(buffer) : offsets[buffer];
    }

    /// <summary>The element type of a graph output as callers receive it.</summary>
    public static BoundaryType OutputType(Graph graph, string output) => InputSignature.OfElement(graph.TypeOf(output).Element)
        ?? throw new ModelException(
            Diagnostics.DiagnosticCatalog.NoKernel, output, "output",
                $"elements of type {graph.TypeOf(output).Element} cannot be handed to a caller");

    /// <summary>A graph output as callers get it: in its own elements, dense, in the arena until the next prediction.</summary>
    private static Storage OutputStorage(LoweringContext context, string output)
    {
        Node reader = new("output " + output, "Output", [output], []);
        Storage storage = context.InArena(reader, context.Dense(reader, context.Read(reader, output)));
        storage.Buffer!.IsOutput = true;
        return storage;
    }
}
