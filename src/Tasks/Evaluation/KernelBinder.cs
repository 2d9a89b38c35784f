using System.Reflection;
using System.Reflection.Emit;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>Runs a step.</summary>
internal delegate void StepCall(Workspace workspace);

/// <summary>Runs an input's binding.</summary>
internal delegate void BindingCall<T>(ReadOnlySpan<T> source, Workspace workspace);

/// <summary>
/// Binds plan steps to the methods of the kernel library by name, checking that arguments and parameters agree in name, order and
/// type: a plan that binds is a plan whose generated C# compiles.
/// </summary>
internal static class KernelBinder
{
    private static readonly Assembly Library = typeof(Workspace).Assembly;

    private static readonly MethodInfo SpanOfArray = typeof(ReadOnlySpan<int>).GetMethod("op_Implicit", [typeof(int[])])!;

    /// <summary>Binds a step.</summary>
    /// <exception cref="InvalidOperationException">There is no such method, or its parameters differ from the arguments.</exception>
    public static StepCall Bind(PlanCall step) => (StepCall)Compile(step, null, typeof(StepCall), null);

    /// <summary>Binds an input's binding, whose method takes the caller's elements first.</summary>
    /// <exception cref="InvalidOperationException">There is no such method, or its parameters differ from the arguments.</exception>
    /// <param name="step">The call.</param>
    /// <param name="strings">The plan's strings; null where it has none.</param>
    public static BindingCall<T> BindInput<T>(PlanCall step, StringTable? strings = null) =>
        (BindingCall<T>)Compile(step, typeof(T), typeof(BindingCall<T>), strings);

    private static Delegate Compile(PlanCall step, Type? source, Type delegateType, StringTable? strings)
    {
        MethodInfo method = Find(step, source);
        ParameterInfo[] parameters = method.GetParameters();
        int fixedCount = source is null ? 1 : 2;
        if (parameters.Length - fixedCount != step.Arguments.Count)
            throw Mismatch(step, $"it takes {parameters.Length - fixedCount} arguments, the plan has {step.Arguments.Count}");
        var literals = new Literals([.. step.Arguments.Select(a => a is PlanArgument.Integers list ? list.Values.ToArray() : [])], strings);

        // The lists and the strings are the delegate's target, so that each is allocated once.
        Type[] own = source is null ? [typeof(Workspace)] : [typeof(ReadOnlySpan<>).MakeGenericType(source), typeof(Workspace)];
        var dynamic = new DynamicMethod(step.Kernel + "." + step.Method, typeof(void), [typeof(Literals), .. own],
            typeof(KernelBinder).Module, skipVisibility: true);
        ILGenerator il = dynamic.GetILGenerator();
        for (int i = 1; i <= own.Length; i++)
            il.Emit(OpCodes.Ldarg, (short)i);
        for (int i = 0; i < step.Arguments.Count; i++)
            Load(il, step, i, step.Arguments[i], parameters[fixedCount + i]);
        il.Emit(OpCodes.Call, method);
        il.Emit(OpCodes.Ret);
        return dynamic.CreateDelegate(delegateType, literals);
    }

    private static MethodInfo Find(PlanCall step, Type? source)
    {
        string name = "OptimizerBuild.Kernels." + step.Kernel;
        Type kernel = OperatorRegistry.Assemblies.Prepend(Library).Select(a => a.GetType(name)).FirstOrDefault(t => t is not null)
            ?? throw Mismatch(step, "there is no such kernel class");
        foreach (MethodInfo candidate in kernel.GetMethods(BindingFlags.Static | BindingFlags.Public))
        {
            if (candidate.Name != step.Method)
                continue;
            MethodInfo method = candidate;
            if (source is { IsValueType: true } && method.IsGenericMethodDefinition)
                method = method.MakeGenericMethod(source);
            ParameterInfo[] parameters = method.GetParameters();
            int workspace = source is null ? 0 : 1;
            if (!method.ContainsGenericParameters && parameters.Length > workspace
                && parameters[workspace].ParameterType == typeof(Workspace)
                && (source is null || parameters[0].ParameterType == typeof(ReadOnlySpan<>).MakeGenericType(source)))
                return method;
        }
        throw Mismatch(step, source is null ? "there is no such method" : $"there is no such method for elements of type {source.Name}");
    }

    private static void Load(ILGenerator il, PlanCall step, int index, PlanArgument argument, ParameterInfo parameter)
    {
        if (argument.Name != parameter.Name)
            throw Mismatch(step, $"argument {index} is '{argument.Name}', the parameter '{parameter.Name}'");
        switch (argument)
        {
            case PlanArgument.Integer { Value: >= int.MinValue and <= int.MaxValue } integer when parameter.ParameterType == typeof(int):
                il.Emit(OpCodes.Ldc_I4, (int)integer.Value);
                break;
            case PlanArgument.Integer integer when parameter.ParameterType == typeof(long):
                il.Emit(OpCodes.Ldc_I8, integer.Value);
                break;
            case PlanArgument.Real real when parameter.ParameterType == typeof(float):
                // The bits, not the number: a literal of IL would not keep a NaN's payload on every runtime.
                il.Emit(OpCodes.Ldc_R4, BitConverter.Int32BitsToSingle(real.Bits));
                break;
            case PlanArgument.Integers when parameter.ParameterType == typeof(ReadOnlySpan<int>):
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldfld, Literals.ListsField);
                il.Emit(OpCodes.Ldc_I4, index);
                il.Emit(OpCodes.Ldelem_Ref);
                il.Emit(OpCodes.Call, SpanOfArray);
                break;
            case PlanArgument.Strings when parameter.ParameterType == typeof(StringTable):
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldfld, Literals.StringsField);
                break;
            default:
                throw Mismatch(step,
                    $"argument '{argument.Name}' ({argument}) does not fit a parameter of type {parameter.ParameterType.Name}");
        }
    }

    private static InvalidOperationException Mismatch(PlanCall step, string reason) =>
        new($"step {step.Kernel}.{step.Method} of node '{step.Node}': {reason}");

    /// <summary>What a call has of arguments that are objects.</summary>
    /// <param name="lists">The lists, at the places of their arguments.</param>
    /// <param name="strings">The plan's strings.</param>
    private sealed class Literals(int[][] lists, StringTable? strings)
    {
        /// <summary>The lists.</summary>
        public readonly int[][] Lists = lists;

        /// <summary>The strings.</summary>
        public readonly StringTable? Strings = strings;

        /// <summary>The field of the lists.</summary>
        public static FieldInfo ListsField { get; } = typeof(Literals).GetField(nameof(Lists))!;

        /// <summary>The field of the strings.</summary>
        public static FieldInfo StringsField { get; } = typeof(Literals).GetField(nameof(Strings))!;
    }
}
