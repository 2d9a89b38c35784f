using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>
/// A part of a kernel's file that is emitted or left out as a whole: a static method or field of a type, or all that is none (the file's
/// frame).
/// </summary>
/// <param name="Type">The type that declares the member; empty for the frame.</param>
/// <param name="Names">The member's names: several for fields declared together; none for the frame.</param>
/// <param name="Start">Where the member begins in the file, with its comments and the blank lines in front of it.</param>
/// <param name="Length">Its characters, with the end of its last line; 0 for the frame.</param>
/// <param name="Identifiers">The identifiers that its code uses.</param>
internal sealed record KernelPart(
    string Type, IReadOnlyList<string> Names, int Start, int Length, IReadOnlyCollection<string> Identifiers)
{
    /// <summary>
    /// Whether a member may be left out: what is called by nothing but its name. Members that implement an interface, constructors,
    /// operators, extension methods and what the language calls by a pattern are the frame's; instance members are, too, since a field
    /// that none of them reads is a warning in the user's project, and properties, by which a type says what it is: apps may ask
    /// <c>KernelPath.Name</c> which instructions they run on.
    /// </summary>
    public static bool MayBeLeftOut(TypeDeclarationSyntax type, MemberDeclarationSyntax member)
    {
        if (member.ContainsDirectives || member.AttributeLists.Any(list => !IsHint(list)) || type is InterfaceDeclarationSyntax)
            return false;
        bool isStatic = member.Modifiers.Any(SyntaxKind.StaticKeyword);
        bool mayImplement = type.BaseList is not null && member.Modifiers.Any(SyntaxKind.PublicKeyword);
        return member switch
        {
            MethodDeclarationSyntax { ExplicitInterfaceSpecifier: null } method => isStatic && !mayImplement
                && !method.ParameterList.Parameters.Any(p => p.Modifiers.Any(SyntaxKind.ThisKeyword)),
            FieldDeclarationSyntax => isStatic || member.Modifiers.Any(SyntaxKind.ConstKeyword),
            _ => false,
        };
    }

    /// <summary>The names of a member that may be left out.</summary>
    public static string[] NamesOf(MemberDeclarationSyntax member) => member switch
    {
        MethodDeclarationSyntax method => [method.Identifier.ValueText],
        FieldDeclarationSyntax field => [.. field.Declaration.Variables.Select(v => v.Identifier.ValueText)],
        _ => [],
    };

    /// <summary>The identifiers that code uses, among its tokens: where something is declared, its name is no use of it.</summary>
    public static IEnumerable<string> Uses(IEnumerable<SyntaxToken> tokens) =>
        tokens.Where(t => t.IsKind(SyntaxKind.IdentifierToken) && t.Parent is SimpleNameSyntax).Select(t => t.ValueText);

    // What speaks to the JIT does not make a member reachable; other attributes may.
    private static bool IsHint(AttributeListSyntax list) => list.Attributes.All(a => a.Name.ToString() == "MethodImpl");
}
