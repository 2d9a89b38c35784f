using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>
/// A method that plans may call: public and static, in a type of the kernels. Whether a call fits is asked before code is generated, so
/// that
/// a plan of another version is an error with a code and not an error of the compiler in code that nobody wrote.
/// </summary>
internal sealed class KernelMethod
{
    private const string Workspace = "Workspace";

    private readonly (string Name, string Type)[] _parameters;
    private readonly string? _typeParameter;

    /// <summary>A method by its declaration.</summary>
    public KernelMethod(string type, MethodDeclarationSyntax method)
    {
        Type = type;
        Name = method.Identifier.ValueText;
        _parameters = [.. method.ParameterList.Parameters.Select(p => (p.Identifier.ValueText, p.Type?.ToString() ?? ""))];
        _typeParameter = method.TypeParameterList?.Parameters.FirstOrDefault()?.Identifier.ValueText;
    }

    /// <summary>The type's name.</summary>
    public string Type { get; }

    /// <summary>The method's name.</summary>
    public string Name { get; }

    /// <summary>Whether plans may call the method.</summary>
    public static bool MayBeCalled(MethodDeclarationSyntax method) => method.Modifiers.Any(SyntaxKind.PublicKeyword)
        && method.Modifiers.Any(SyntaxKind.StaticKeyword);

    /// <summary>Why a call does not fit; null where it does.</summary>
    /// <param name="call">The call.</param>
    /// <param name="source">The C# type of the caller's elements, for a binding; null for a step.</param>
    public string? Misfit(PlanCall call, string? source)
    {
        int own = source is null ? 1 : 2;
        if (_parameters.Length < own || _parameters[own - 1].Type != Workspace || (source is not null && !Takes(source)))
            return "it does not take " + (source is null ? "a workspace alone" : "elements of type " + source);
        if (_parameters.Length - own != call.Arguments.Count)
            return string.Format(CultureInfo.InvariantCulture, "it takes {0} arguments, not {1}", _parameters.Length - own,
                call.Arguments.Count);
        for (int i = 0; i < call.Arguments.Count; i++)
        {
            (string name, string type) = _parameters[own + i];
            if (call.Arguments[i].Name != name)
                return "argument " + (i + 1).ToString(CultureInfo.InvariantCulture) + " is '" + name + "', not '" + call.Arguments[i].Name
                    + "'";
            if (!Fits(call.Arguments[i], type))
                return "argument '" + name + "' takes values of type " + type;
        }
        return null;
    }

    private bool Takes(string source)
    {
        string element = source.Substring(source.LastIndexOf('.') + 1);
        return _parameters[0].Type == "ReadOnlySpan<" + element + ">"
            || (_typeParameter is not null && source != "string" && _parameters[0].Type == "ReadOnlySpan<" + _typeParameter + ">");
    }

    private static bool Fits(PlanArgument argument, string type) => argument switch
    {
        PlanArgument.Integer integer => type == "long" || (type == "int" && integer.Value is >= int.MinValue and <= int.MaxValue),
        PlanArgument.Real => type == "float",
        PlanArgument.Integers => type == "ReadOnlySpan<int>",
        _ => type == "StringTable",
    };
}
