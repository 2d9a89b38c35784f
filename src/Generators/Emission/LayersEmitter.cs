using System.Globalization;
using System.Text;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders a plan's steps: one short method for each, above it a comment that names the node of the model, and a method that calls
/// them in order. All steps are rendered alike, because the plan says which method is called with which arguments.
/// </summary>
internal sealed class LayersEmitter
{
    private const int StepsInAGroup = 50;
    private const int LongestLine = 128;
    private const string Kernels = "global::OptimizerBuild.Kernels.";
    private const string Workspace = Kernels + "Workspace workspace";

    private readonly BufferNames _buffers;
    private readonly ILookup<string, PlanLayerWeights> _weights;

    private LayersEmitter(PlanEntry entry, PlanWeights weights)
    {
        _buffers = new BufferNames(entry.Buffers);
        _weights = weights.Layers.ToLookup(l => l.Node, StringComparer.Ordinal);
    }

    /// <summary>The file with the layers of a predictor.</summary>
    public static string Emit(ModelPlan plan)
    {
        var code = new CodeWriter();
        PredictorEmitter.Header(code, plan, "The layers of the model '" + plan.Model + "', in the order in which they run.");
        code.Open("partial class " + Identifiers.Escape(plan.ClassName));
        IReadOnlyList<PlanEntry> entries = plan.Entries;
        for (int place = 0; place < entries.Count; place++)
        {
            EmitClass(code, plan, entries[place], Entries.Layers(place),
                "one prediction" + (entries.Count > 1 ? " for " + Entries.Describe(entries[place]) : ""));
        }
        if (plan.Batch is { } batch)
            EmitClass(code, plan, batch, PredictorNames.BatchLayers, Wording.Integer(plan.BatchSamples) + " predictions at once");
        code.Close();
        return code.ToString();
    }

    private static void EmitClass(CodeWriter code, ModelPlan plan, PlanEntry entry, string name, string of)
    {
        code.Line();
        code.Summary("The steps of " + of + ": calls of kernels with the memory offsets and constants that the build planned.");
        code.Open("private static class " + name);
        var emitter = new LayersEmitter(entry, plan.Weights);
        emitter.Emit(code, entry);
        if (name == Entries.Layers(0))
            emitter.EmitExpansion(code, plan.Weights);
        code.Close();
    }

    private void Emit(CodeWriter code, PlanEntry entry)
    {
        code.Summary("Runs all steps.");
        EmitSequence(code, "public static void Run", "RunGroup", Numbered(entry.Steps, 0));
        for (int i = 0; i < entry.Inputs.Count; i++)
            if (entry.Inputs[i].Binding is { } binding)
                EmitBinding(code, "Input " + entry.Inputs[i].OnnxName, BindingName(entry, i), entry.Inputs[i].Type, binding);
        for (int i = 0; i < entry.States.Count; i++)
            if (entry.States[i].Binding is { } binding)
                EmitBinding(code, "State " + entry.States[i].OnnxName, StateEmitter.BindingName(i), entry.States[i].Type, binding);
        foreach ((int line, PlanStep step) in PlanSteps.Numbered(entry.Steps))
            EmitStep(code, line, step);
        _buffers.Emit(code);
    }

    private void EmitExpansion(CodeWriter code, PlanWeights weights)
    {
        if (weights.ExpandedBytes is null)
            return;
        code.Line();
        code.Summary("Brings the coded weights, which are the workspace's weights, into its arena: each code's sections in turn.");
        code.Open("public static void Expand(" + Workspace + ")");
        for (int i = 0; i < weights.Expansion.Count; i++)
            code.Line("Expand" + Wording.Integer(i) + "(workspace);");
        code.Close();
        for (int i = 0; i < weights.Expansion.Count; i++)
        {
            code.Line();
            code.Line("// " + PlanText.OneLine(weights.Expansion[i].Description));
            code.Line("private static void Expand" + Wording.Integer(i) + "(" + Workspace + ") =>");
            EmitCall(code, weights.Expansion[i], "workspace");
        }
    }

    /// <summary>The name of the method that brings an input's elements into the arena.</summary>
    public static string BindingName(PlanEntry entry, int input) =>
        entry.Inputs.Count == 1 ? "ReadInput" : "ReadInput" + Wording.Integer(input);

    // A method that runs steps one after the other, and where they are many, methods that run fifty of them each.
    private static void EmitSequence(CodeWriter code, string signature, string group, IReadOnlyList<(int Line, PlanStep Step)> steps)
    {
        int groups = (steps.Count + StepsInAGroup - 1) / StepsInAGroup;
        code.Open(signature + "(" + Workspace + ")");
        if (groups <= 1)
            EmitCalls(code, steps);
        for (int g = 0; groups > 1 && g < groups; g++)
            code.Line(group + Wording.Integer(g) + "(workspace);");
        code.Close();
        for (int g = 0; groups > 1 && g < groups; g++)
        {
            (int Line, PlanStep Step)[] part = [.. steps.Skip(g * StepsInAGroup).Take(StepsInAGroup)];
            code.Line();
            code.Summary("Runs the steps " + Wording.Integer(part[0].Line) + " to "
                + Wording.Integer(part[part.Length - 1].Line + part[part.Length - 1].Step.Lines - 1) + ".");
            code.Open("private static void " + group + Wording.Integer(g) + "(" + Workspace + ")");
            EmitCalls(code, part);
            code.Close();
        }
    }

    private static void EmitCalls(CodeWriter code, IReadOnlyList<(int Line, PlanStep Step)> steps)
    {
        foreach ((int line, PlanStep step) in steps)
            code.Line(StepName(line, step) + "(workspace);");
    }

    // Each step with the number of its line, without those in blocks.
    private static List<(int Line, PlanStep Step)> Numbered(EquatableList<PlanStep> steps, int line)
    {
        var numbered = new List<(int Line, PlanStep Step)>(steps.Count);
        foreach (PlanStep step in steps)
        {
            numbered.Add((line, step));
            line += step.Lines;
        }
        return numbered;
    }

    private void EmitBinding(CodeWriter code, string what, string name, BoundaryType type, PlanCall binding)
    {
        code.Line();
        code.Line("// " + PlanText.OneLine(what) + ": " + PlanText.OneLine(binding.Description));
        string source = "global::System.ReadOnlySpan<" + type.Keyword() + "> source";
        code.Line("public static void " + name + "(" + source + ", " + Workspace + ") =>");
        EmitCall(code, binding, "source", "workspace");
    }

    private void EmitStep(CodeWriter code, int line, PlanStep step)
    {
        string name = StepName(line, step);
        code.Line();
        code.Line("// " + (step.Node.Length == 0 ? "" : PlanText.OneLine(step.Node) + ": ") + PlanText.OneLine(step.Description)
            + (step.Macs == 0 ? "" : " (" + Wording.Count(step.Macs, "multiply-accumulate") + Weights(step) + ")"));
        switch (step)
        {
            case PlanCall call:
                code.Line("private static void " + name + "(" + Workspace + ") =>");
                EmitCall(code, call, "workspace");
                break;
            case PlanIf branch:
                EmitIf(code, name, line, branch);
                break;
            case PlanLoop loop:
                EmitLoop(code, name, line, loop);
                break;
            default:
                throw new InvalidOperationException("a step of an unknown kind: " + step.GetType().Name);
        }
    }

    // Where a layer has other weights for other shapes, those that the step reads.
    private string Weights(PlanStep step) => string.Concat(_weights[step.Node]
        .Where(layer => step is not PlanCall call || call.Arguments.OfType<PlanArgument.Integer>().FirstOrDefault(a => a.Name == "weights")
            is not { } place || place.Value == layer.Offset)
        .Select(layer => ", weights " + PlanText.OneLine(layer.Storage) + " of " + Wording.Count(layer.Bytes, "byte")));

    private void EmitIf(CodeWriter code, string name, int line, PlanIf branch)
    {
        code.Open("private static void " + name + "(" + Workspace + ")");
        code.Open("if (" + Condition(line, branch.Condition) + ")");
        code.Line(name + "_Then(workspace);");
        code.Close();
        code.Open("else");
        code.Line(name + "_Else(workspace);");
        code.Close();
        code.Close();
        string[] names = [name + "_Then", name + "_Else"];
        int body = 0;
        foreach ((int first, EquatableList<PlanStep> steps) in PlanSteps.Bodies(branch, line))
            EmitBody(code, names[body++], branch, body == 1 ? "where the condition holds" : "where the condition does not hold", steps,
                first);
    }

    private void EmitLoop(CodeWriter code, string name, int line, PlanLoop loop)
    {
        code.Open("private static void " + name + "(" + Workspace + ")");
        string? limit = loop.Bound is { } bound ? Wording.Integer(bound) + "L" : null;
        if (loop.Count is { } count)
        {
            code.Line("long count = workspace.ArenaSpan<long>(" + _buffers.Place(line, count) + ", 1)[0];");
            if (limit is not null)
                code.Line("count = global::System.Math.Min(count, " + limit + ");");
            limit = "count";
        }
        string?[] conditions = [limit is null ? null : "i < " + limit, loop.Condition is { } condition ? Condition(line, condition) : null];
        code.Open("for (long i = 0; " + string.Join(" && ", conditions.Where(c => c is not null)) + "; i++)");
        if (loop.Iteration is { } iteration)
            code.Line("workspace.ArenaSpan<long>(" + _buffers.Place(line, iteration) + ", 1)[0] = i;");
        code.Line(name + "_Body(workspace);");
        code.Close();
        code.Close();
        foreach ((int first, EquatableList<PlanStep> steps) in PlanSteps.Bodies(loop, line))
            EmitBody(code, name + "_Body", loop, "one trip of the loop", steps, first);
    }

    private static void EmitBody(CodeWriter code, string name, PlanStep block, string when, EquatableList<PlanStep> steps, int first)
    {
        code.Line();
        code.Line("// " + (block.Node.Length == 0 ? "" : PlanText.OneLine(block.Node) + ": ") + when);
        EmitSequence(code, "private static void " + name, name + "Group", Numbered(steps, first));
    }

    private string Condition(int line, int offset) => "workspace.Arena(" + _buffers.Place(line, offset) + ") != 0";

    private void EmitCall(CodeWriter code, PlanCall call, params string[] leading)
    {
        string start = Kernels + call.Kernel + "." + Identifiers.Escape(call.Method) + "(";
        string[] arguments = [.. leading, .. call.Arguments.Select(Argument)];
        string oneLine = start + string.Join(", ", arguments) + ");";
        if (oneLine.Length <= LongestLine)
        {
            code.Indented([oneLine]);
            return;
        }
        List<string> lines = [start];
        var line = new StringBuilder("    ");
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i] + (i + 1 < arguments.Length ? "," : ");");
            if (line.Length > 4 && line.Length + 1 + argument.Length > LongestLine)
            {
                lines.Add(line.ToString());
                line.Clear().Append("    ");
            }
            line.Append(line.Length > 4 ? " " : "").Append(argument);
        }
        lines.Add(line.ToString());
        code.Indented(lines);
    }

    private string Argument(PlanArgument argument) => Identifiers.Escape(argument.Name) + ": " + argument switch
    {
        PlanArgument.Real real => Wording.Float(real.Bits),
        PlanArgument.Integers integers => Wording.Integers(integers.Values),
        PlanArgument.Strings => StringEmitter.Table,
        PlanArgument.Integer integer => integer.Buffer.Length > 0 ? _buffers.Place(integer.Buffer, integer.Value)
            : Wording.Integer(integer.Value),
        _ => throw new InvalidOperationException("an argument of an unknown kind: " + argument.GetType().Name),
    };

    /// <summary>The line's number and the last parts of its node's path: <c>Step005_F_F3_Conv</c> for <c>/f/f.3/Conv</c>.</summary>
    private static string StepName(int line, PlanStep step)
    {
        string path = BufferNames.LastParts(step.Node);
        return "Step" + line.ToString("D3", CultureInfo.InvariantCulture) + (path.Length > 0 ? "_" + path : "");
    }
}
