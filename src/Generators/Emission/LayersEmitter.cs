using System.Globalization;
using System.Text;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders a plan's steps: one short method for each, above it a comment that names the node of the model, and a method that calls
/// them in order. All steps are rendered alike, because the plan says which method is called with which arguments.
/// </summary>
internal static class LayersEmitter
{
    private const int StepsInAGroup = 50;
    private const int LongestLine = 128;
    private const int LongestName = 40;
    private const string Kernels = "global::OptimizerBuild.Kernels.";
    private const string Workspace = Kernels + "Workspace workspace";

    /// <summary>The file with the layers of a predictor.</summary>
    public static string Emit(ModelPlan plan)
    {
        var code = new CodeWriter();
        PredictorEmitter.Header(code, plan, "The layers of the model '" + plan.Model + "', in the order in which they run.");
        code.Open("partial class " + Identifiers.Escape(plan.ClassName));
        code.Summary("The steps of one prediction: calls of kernels with the memory offsets and constants that the build planned.");
        code.Open("private static class Layers");
        EmitRun(code, plan);
        for (int i = 0; i < plan.Inputs.Count; i++)
            if (plan.Inputs[i].Binding is { } binding)
                EmitBinding(code, plan, i, binding);
        for (int i = 0; i < plan.Steps.Count; i++)
            EmitStep(code, StepName(plan, i), plan.Steps[i]);
        code.Close();
        code.Close();
        return code.ToString();
    }

    /// <summary>The name of the method that brings an input's elements into the arena.</summary>
    public static string BindingName(ModelPlan plan, int input) =>
        plan.Inputs.Count == 1 ? "ReadInput" : "ReadInput" + Wording.Integer(input);

    private static void EmitRun(CodeWriter code, ModelPlan plan)
    {
        int groups = (plan.Steps.Count + StepsInAGroup - 1) / StepsInAGroup;
        code.Summary("Runs all steps.");
        code.Open("public static void Run(" + Workspace + ")");
        if (groups <= 1)
        {
            EmitCalls(code, plan, 0, plan.Steps.Count);
        }
        else
        {
            for (int group = 0; group < groups; group++)
                code.Line(GroupName(group) + "(workspace);");
        }
        code.Close();
        for (int group = 0; groups > 1 && group < groups; group++)
        {
            int last = Math.Min((group + 1) * StepsInAGroup, plan.Steps.Count);
            code.Line();
            code.Summary("Runs the steps " + Wording.Integer(group * StepsInAGroup) + " to " + Wording.Integer(last - 1) + ".");
            code.Open("private static void " + GroupName(group) + "(" + Workspace + ")");
            EmitCalls(code, plan, group * StepsInAGroup, last);
            code.Close();
        }
    }

    private static void EmitCalls(CodeWriter code, ModelPlan plan, int first, int end)
    {
        for (int i = first; i < end; i++)
            code.Line(StepName(plan, i) + "(workspace);");
    }

    private static void EmitBinding(CodeWriter code, ModelPlan plan, int index, PlanStep binding)
    {
        PlanInput input = plan.Inputs[index];
        code.Line();
        code.Line("// Input " + PlanText.OneLine(input.OnnxName) + ": " + PlanText.OneLine(binding.Description));
        string source = "global::System.ReadOnlySpan<" + input.Type.Keyword() + "> source";
        code.Line("public static void " + BindingName(plan, index) + "(" + source + ", " + Workspace + ") =>");
        EmitCall(code, binding, "source", "workspace");
    }

    private static void EmitStep(CodeWriter code, string name, PlanStep step)
    {
        code.Line();
        code.Line("// " + (step.Node.Length == 0 ? "" : PlanText.OneLine(step.Node) + ": ") + PlanText.OneLine(step.Description)
            + (step.Macs == 0 ? "" : " (" + Wording.Count(step.Macs, "multiply-accumulate") + ")"));
        code.Line("private static void " + name + "(" + Workspace + ") =>");
        EmitCall(code, step, "workspace");
    }

    private static void EmitCall(CodeWriter code, PlanStep call, params string[] leading)
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

    private static string Argument(PlanArgument argument) => Identifiers.Escape(argument.Name) + ": " + argument switch
    {
        PlanArgument.Real real => Wording.Float(real.Bits),
        PlanArgument.Integers integers => Wording.Integers(integers.Values),
        PlanArgument.Integer integer => Wording.Integer(integer.Value),
        _ => throw new InvalidOperationException("an argument of an unknown kind: " + argument.GetType().Name),
    };

    private static string GroupName(int group) => "RunGroup" + Wording.Integer(group);

    /// <summary>The step's number and the last parts of its node's path: <c>Step005_F_F3_Conv</c> for <c>/f/f.3/Conv</c>.</summary>
    private static string StepName(ModelPlan plan, int index)
    {
        string name = "";
        foreach (string part in plan.Steps[index].Node.Split('/').Select(p => Identifiers.Pascal(p, "")).Where(p => p.Length > 0).Reverse())
        {
            if (name.Length + part.Length + 1 > LongestName)
                break;
            name = "_" + part + name;
        }
        return "Step" + index.ToString("D3", CultureInfo.InvariantCulture) + name;
    }
}
