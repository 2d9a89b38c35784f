using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Strings;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Turns a compressed graph into kernel calls over a planned arena and packed weights: the last step before the plan.</summary>
internal static class GraphLowerer
{
    /// <summary>Lowers a model.</summary>
    /// <param name="model">The graph after all passes, with its quantisation.</param>
    /// <param name="options">How callers pass inputs.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    /// <param name="weights">
    /// The packed weights that the model shares with others, of which it finds those that it needs, too; null for weights of its own.
    /// </param>
    /// <exception cref="ModelException">Nodes have no kernel (all are named), or memory would exceed 2 GB.</exception>
    public static LoweredModel Lower(
        CompressedModel model, BoundaryOptions options, CancellationToken cancellation = default, WeightsBlob? weights = null)
    {
        Graph graph = model.Graph;
        StringCodes strings = StringCodes.Of(model);
        var context = new LoweringContext(strings.Model.Graph, model.Annotation<GraphQuantization>(), weights)
        {
            Cancellation = cancellation,
            SavesMemory = options.SavesMemory,
        };
        var binder = new InputBinder(context, options, strings.Kept);
        InputSignature[] signatures = [.. graph.Inputs.Select(i => InputSignature.Of(graph, i, options))];
        int?[] initial = [.. options.State.Select(s => s.Initial is null ? (int?)null : context.AddTensor(s.Initial))];
        var bindings = new LoweredStep?[signatures.Length];
        for (int i = 0; i < bindings.Length; i++)
        {
            bindings[i] = binder.Bind(graph.Inputs[i], signatures[i]);
            context.FillBorders(graph.Inputs[i]);
        }

        NodeSequence.Lower(context, context.Graph.Nodes.Where(n => !binder.Absorbed.Contains(n)));
        if (context.Missing.Count > 0)
            throw new ModelException([.. context.Missing]);

        Storage[] outputs = [.. graph.Outputs.Select(o => OutputStorage(context, o))];
        MemoryPlan memory = MemoryPlanner.Plan(context.Buffers, context.Steps);
        Dictionary<ArenaBuffer, int> offsets = memory.Buffers.ToDictionary(b => b.Buffer, b => b.Offset);
        PlanInterface face = PlanInterface.Of(graph, options);
        var lowered = new LoweredModel(
            new(face.Inputs.Select(i => i with { Binding = BindingOf(i.OnnxName) })),
            new(face.Outputs.Select(o => o with { Offset = PlaceOf(o.OnnxName) })),
            new(face.States.Select((s, i) => s with
            {
                Binding = BindingOf(s.OnnxName),
                Offset = PlaceOf(s.OutputName),
                Initial = initial[i],
            })),
            StepResolution.Resolve(context.Steps, OffsetOf),
            new(memory.Buffers.Select(b => new PlanBuffer(b.Buffer.Name, b.Offset, b.Buffer.Bytes, b.First, b.Last, b.SharesWith))),
            new(context.Values.Where(v => v.Storage.Buffer is { } b && offsets.ContainsKey(b)).Select(v => ValueOf(v.Name, v.Storage))),
            memory.ArenaBytes,
            context.Weights.ToArray(),
            context.PairSumsBounded.ToImmutableSortedDictionary(StringComparer.Ordinal),
            [.. context.Sections],
            CostModel.Nanoseconds(context.Steps, context.Sections))
        {
            Strings = new(strings.Texts),
            KeepsStrings = strings.Kept,
            Trees = [.. context.Trees],
        };
        PlanVerifier.Verify(lowered);
        return lowered;

        PlanCall? BindingOf(string input) => bindings[graph.Inputs.IndexOf(input)]?.Resolve(OffsetOf);

        PlanValue ValueOf(string name, Storage storage) => new(
            name, InputSignature.OfElement(IsText(name) ? ElementType.String : storage.Element)!.Value,
            new(storage.Dimensions), OffsetOf(storage.Buffer!) + storage.Origin,
            new(storage.Strides), storage.Quantization is { } q ? BitConverter.SingleToInt32Bits((float)q.Scale) : null,
            storage.Quantization?.ZeroPoint ?? 0);

        bool IsText(string name) => graph.Types.TryGetValue(name, out TensorType? type) && type.Element == ElementType.String;

        int PlaceOf(string output)
        {
            Storage storage = outputs[graph.Outputs.IndexOf(output)];
            return OffsetOf(storage.Buffer!) + storage.Origin;
        }

        // No step writes a buffer without elements; any place will do.
        int OffsetOf(ArenaBuffer buffer) => buffer.Bytes == 0 ? offsets.GetValueOrDefault(buffer) : offsets[buffer];
    }

    /// <summary>A graph output as callers get it: in its own elements, dense, in the arena until the next prediction.</summary>
    private static Storage OutputStorage(LoweringContext context, string output)
    {
        Node reader = new("output " + output, "Output", [output], []);
        Storage storage = context.InArena(reader, context.Dense(reader, context.Read(reader, output)));
        storage.Buffer!.IsOutput = true;
        return storage;
    }
}
